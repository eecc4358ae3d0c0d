# Attribute sets.
{ lib }:
let
  inherit (builtins)
    attrNames
    concatLists
    concatMap
    elemAt
    foldl'
    head
    isAttrs
    length
    listToAttrs
    mapAttrs
    removeAttrs
    ;

  # Walks down `path`; `found` gets the value, `missing` is returned where the path ends early.
  descend =
    path: missing: found: set:
    let
      depth = length path;
      go =
        n: value:
        if n == depth then
          found value
        else if isAttrs value && value ? ${elemAt path n} then
          go (n + 1) value.${elemAt path n}
        else
          missing;
    in
    go 0 set;

  isLeafForRecursion = value: isAttrs value && !(lib.isDerivation value);
in
{
  inherit (builtins)
    attrNames
    attrValues
    catAttrs
    getAttr
    hasAttr
    intersectAttrs
    isAttrs
    listToAttrs
    mapAttrs
    removeAttrs
    zipAttrsWith
    ;

  attrByPath = path: default: descend path default lib.id;
  hasAttrByPath = path: descend path false (_: true);
  getAttrFromPath =
    path: descend path (abort "cannot find attribute '${lib.showAttrPath path}'") lib.id;
  setAttrByPath =
    path: value:
    if path == [ ] then value else { ${head path} = lib.setAttrByPath (lib.drop 1 path) value; };
  showAttrPath =
    path:
    if path == [ ] then
      "<root attribute path>"
    else
      lib.concatMapStringsSep "." lib.escapeNixIdentifier path;

  attrVals = names: set: map (name: set.${name}) names;
  getAttrs = names: set: listToAttrs (map (name: lib.nameValuePair name set.${name}) names);
  nameValuePair = name: value: { inherit name value; };
  optionalAttrs = condition: set: if condition then set else { };
  genAttrs = names: f: listToAttrs (map (name: lib.nameValuePair name (f name)) names);
  genAttrs' = values: f: listToAttrs (map f values);

  filterAttrs =
    predicate: set:
    removeAttrs set (builtins.filter (name: !(predicate name set.${name})) (attrNames set));
  filterAttrsRecursive =
    predicate: set:
    mapAttrs (_: value: if isAttrs value then lib.filterAttrsRecursive predicate value else value) (
      lib.filterAttrs predicate set
    );
  mapAttrs' = f: set: listToAttrs (map (name: f name set.${name}) (attrNames set));
  mapAttrsToList = f: set: map (name: f name set.${name}) (attrNames set);
  attrsToList = lib.mapAttrsToList lib.nameValuePair;
  concatMapAttrs = f: set: lib.mergeAttrsList (lib.mapAttrsToList f set);
  foldlAttrs =
    f: start: set:
    foldl' (result: name: f result name set.${name}) start (attrNames set);
  mergeAttrsList = foldl' (a: b: a // b) { };

  unionOfDisjoint =
    a: b:
    let
      both = builtins.intersectAttrs a b;
    in
    a // b // mapAttrs (name: _: throw "unionOfDisjoint: collision on ${name}") both;

  mapAttrsRecursive = lib.mapAttrsRecursiveCond (_: true);
  mapAttrsRecursiveCond =
    recurse: f: set:
    let
      go =
        path:
        mapAttrs (
          name: value:
          if isAttrs value && recurse value then go (path ++ [ name ]) value else f (path ++ [ name ]) value
        );
    in
    go [ ] set;
  collect =
    predicate: value:
    if predicate value then
      [ value ]
    else if isAttrs value then
      concatMap (lib.collect predicate) (builtins.attrValues value)
    else
      [ ];

  zipAttrs = builtins.zipAttrsWith (_: values: values);
  zipAttrsWithNames =
    names: f: sets:
    lib.genAttrs names (name: f name (builtins.catAttrs name sets));
  foldAttrs =
    f: start: sets:
    builtins.zipAttrsWith (_: lib.foldr f start) sets;

  # Merges deeply; `stop path left right` says where the right side wins as it is.
  recursiveUpdateUntil =
    stop: left: right:
    let
      go =
        path:
        builtins.zipAttrsWith (
          name: values:
          let
            here = path ++ [ name ];
            later = head values;
            earlier = elemAt values 1;
          in
          if length values == 1 || stop here earlier later then later else go here values
        );
    in
    go [ ] [ right left ];
  recursiveUpdate = lib.recursiveUpdateUntil (
    _: left: right:
    !(isAttrs left && isAttrs right)
  );
  matchAttrs =
    pattern: set:
    builtins.all (
      name:
      set ? ${name}
      && (
        if isAttrs pattern.${name} then
          isAttrs set.${name} && lib.matchAttrs pattern.${name} set.${name}
        else
          pattern.${name} == set.${name}
      )
    ) (attrNames pattern);
  overrideExisting = old: new: mapAttrs (name: value: new.${name} or value) old;
  # Deeper updates come first, those of one path in their order.
  updateManyAttrsByPath =
    let
      go =
        exists: updates: set:
        let
          parts = builtins.partition ({ path, ... }: path == [ ]) updates;
          below = builtins.groupBy ({ path, ... }: head path) parts.wrong;
          shorten = map (update: update // { path = lib.drop 1 update.path; });
          old = if exists then set else { };
          nested =
            if parts.wrong != [ ] then
              old // mapAttrs (name: inner: go (old ? ${name}) (shorten inner) old.${name}) below
            else if exists then
              set
            else
              throw "updateManyAttrsByPath: a path that does not exist has no value to update";
        in
        lib.foldl (value: { update, ... }: update value) nested parts.right;
    in
    go true;

  cartesianProduct = lib.mapCartesianProduct lib.id;
  mapCartesianProduct =
    f: sets:
    map f (
      foldl' (
        partial: name: concatMap (set: map (value: set // { ${name} = value; }) sets.${name}) partial
      ) [ { } ] (attrNames sets)
    );

  isDerivation = value: value.type or null == "derivation";
  toDerivation =
    path:
    let
      store = builtins.storePath path;
    in
    {
      type = "derivation";
      name = lib.sanitizeDerivationName (builtins.substring 33 (-1) (baseNameOf store));
      outPath = store;
      outputs = [ "out" ];
      out = lib.toDerivation path;
      outputName = "out";
    };
  recurseIntoAttrs = set: set // { recurseForDerivations = true; };
  dontRecurseIntoAttrs = set: set // { recurseForDerivations = false; };
  # A package of which an output was chosen stays with it.
  getOutput =
    output: package:
    if package.outputSpecified or false then package else package.${output} or package.out or package;
  getFirstOutput =
    candidates: package:
    let
      known = builtins.filter (output: package ? ${output}) candidates;
    in
    if known == [ ] || package.outputSpecified or false then
      lib.getOutput "out" package
    else
      package.${head known};
  getBin = lib.getOutput "bin";
  getLib = lib.getOutput "lib";
  getInclude = lib.getFirstOutput [
    "include"
    "dev"
  ];
  getStatic = lib.getFirstOutput [
    "static"
    "lib"
  ];
  getDev = lib.getOutput "dev";
  getMan = lib.getOutput "man";
  chooseDevOutputs = map lib.getDev;
  mapAttrsToListRecursive = lib.mapAttrsToListRecursiveCond (_: _: true);
  mapAttrsToListRecursiveCond =
    recurse: f: set:
    let
      go =
        path: value:
        concatLists (
          lib.mapAttrsToList (
            name: inner:
            let
              here = path ++ [ name ];
            in
            if isLeafForRecursion inner && recurse here inner then go here inner else [ (f here inner) ]
          ) value
        );
    in
    go [ ] set;
}
