# Lists.
{ lib }:
let
  inherit (builtins)
    concatLists
    elemAt
    filter
    foldl'
    genList
    head
    isList
    length
    tail
    ;
in
{
  inherit (builtins)
    all
    any
    concatLists
    concatMap
    elem
    elemAt
    filter
    foldl'
    genList
    groupBy
    head
    isList
    length
    map
    partition
    sort
    tail
    ;

  singleton = value: [ value ];
  toList = value: if isList value then value else [ value ];
  optional = condition: value: if condition then [ value ] else [ ];
  optionals = condition: values: if condition then values else [ ];
  range = first: last: if first > last then [ ] else genList (n: first + n) (last - first + 1);
  replicate = count: value: genList (_: value) count;
  forEach = values: f: map f values;

  foldl =
    f: start: list:
    let
      go = n: if n == 0 then start else f (go (n - 1)) (elemAt list (n - 1));
    in
    go (length list);
  foldr =
    f: start: list:
    let
      count = length list;
      go = n: if n == count then start else f (elemAt list n) (go (n + 1));
    in
    go 0;
  fold = lib.foldr;
  imap0 = f: list: genList (n: f n (elemAt list n)) (length list);
  imap1 = f: list: genList (n: f (n + 1) (elemAt list n)) (length list);
  ifilter0 =
    predicate: list:
    map (n: elemAt list n) (filter (n: predicate n (elemAt list n)) (genList lib.id (length list)));
  flatten = value: if isList value then builtins.concatMap lib.flatten value else [ value ];
  remove = value: filter (other: other != value);
  count = predicate: foldl' (total: value: if predicate value then total + 1 else total) 0;

  findFirst =
    predicate: default: list:
    let
      index = lib.lists.findFirstIndex predicate null list;
    in
    if index == null then default else elemAt list index;
  # What comes after the match is not looked at.
  findFirstIndex =
    predicate: default: list:
    let
      found = foldl' (
        match: n:
        if match != null then
          match
        else if predicate (elemAt list n) then
          n
        else
          null
      ) null (genList lib.id (length list));
    in
    if found == null then default else found;
  findSingle =
    predicate: none: many: list:
    let
      found = filter predicate list;
    in
    if found == [ ] then
      none
    else if length found == 1 then
      head found
    else
      many;

  sublist =
    start: count: list:
    let
      available = length list - start;
    in
    genList (n: elemAt list (start + n)) (if available <= 0 then 0 else lib.min count available);
  take = lib.sublist 0;
  drop = count: list: lib.sublist count (length list) list;
  takeEnd = count: list: lib.drop (lib.max 0 (length list - count)) list;
  dropEnd = count: list: lib.take (lib.max 0 (length list - count)) list;
  last =
    list:
    if list == [ ] then throw "lists.last: list must not be empty!" else elemAt list (length list - 1);
  init =
    list:
    if list == [ ] then
      throw "lists.init: list must not be empty!"
    else
      lib.take (length list - 1) list;
  reverseList =
    list:
    let
      count = length list;
    in
    genList (n: elemAt list (count - n - 1)) count;
  hasPrefix = prefix: list: lib.take (length prefix) list == prefix;
  removePrefix =
    prefix: list:
    if lib.lists.hasPrefix prefix list then
      lib.drop (length prefix) list
    else
      throw "lists.removePrefix: the list does not begin with the prefix";

  zipListsWith =
    f: a: b:
    genList (n: f (elemAt a n) (elemAt b n)) (lib.min (length a) (length b));
  zipLists = lib.zipListsWith (fst: snd: { inherit fst snd; });
  crossLists = f: foldl' (fs: args: builtins.concatMap (g: map g args) fs) [ f ];
  sortOn =
    f: list:
    map (pair: pair.value) (
      builtins.sort (a: b: a.key < b.key) (
        map (value: {
          key = f value;
          inherit value;
        }) list
      )
    );
  compareLists =
    compare: a: b:
    if a == [ ] then
      (if b == [ ] then 0 else (-1))
    else if b == [ ] then
      1
    else
      let
        order = compare (head a) (head b);
      in
      if order == 0 then lib.compareLists compare (tail a) (tail b) else order;
  naturalSort = builtins.sort (a: b: builtins.compareVersions a b < 0);

  unique = foldl' (seen: value: if builtins.elem value seen then seen else seen ++ [ value ]) [ ];
  uniqueStrings = list: builtins.attrNames (builtins.groupBy lib.id list);
  allUnique = list: length (lib.unique list) == length list;
  intersectLists = kept: filter (value: builtins.elem value kept);
  subtractLists = removed: filter (value: !(builtins.elem value removed));
  mutuallyExclusive = a: b: lib.intersectLists a b == [ ];
  concatAttrValues = set: concatLists (builtins.attrValues set);
  groupBy' =
    f: start: key: list:
    builtins.mapAttrs (_: foldl' f start) (builtins.groupBy key list);
  replaceElemAt =
    list: index: value:
    if index < 0 || index >= length list then
      throw "lists.replaceElemAt: the list has no element ${toString index}"
    else
      lib.imap0 (n: old: if n == index then value else old) list;
  commonPrefix =
    a: b:
    let
      shorter = lib.min (length a) (length b);
    in
    lib.take (lib.lists.findFirstIndex (n: elemAt a n != elemAt b n) shorter (
      genList lib.id shorter
    )) a;

  # Depth-first search for `before`; gives { visited, rest } or { cycle, loops }.
  listDfs =
    stopOnCycles: before: list:
    let
      go =
        current: visited: rest:
        let
          parts = builtins.partition (other: before other current) visited;
          next = builtins.partition (other: before other current) rest;
        in
        if stopOnCycles && parts.right != [ ] then
          {
            cycle = current;
            loops = parts.right;
            inherit visited rest;
          }
        else if next.right == [ ] then
          {
            minimal = current;
            inherit visited rest;
          }
        else
          go (head next.right) ([ current ] ++ visited) (tail next.right ++ next.wrong);
    in
    go (head list) [ ] (tail list);
  toposort =
    before: list:
    let
      step = lib.listDfs true before list;
      rest = lib.toposort before (step.visited ++ step.rest);
    in
    if length list < 2 then
      { result = list; }
    else if step ? cycle then
      {
        cycle = lib.reverseList ([ step.cycle ] ++ step.visited);
        inherit (step) loops;
      }
    else if rest ? cycle then
      rest
    else
      { result = [ step.minimal ] ++ rest.result; };
}
