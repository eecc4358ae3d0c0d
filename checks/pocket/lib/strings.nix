# Strings.
{ lib }:
let
  inherit (builtins)
    concatStringsSep
    elemAt
    filter
    genList
    head
    isFloat
    isInt
    isPath
    isString
    length
    match
    replaceStrings
    split
    stringLength
    substring
    ;

  lowerChars = lib.stringToCharacters "abcdefghijklmnopqrstuvwxyz";
  upperChars = lib.stringToCharacters "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

  parseInteger =
    context: text: pattern:
    let
      digits = match pattern text;
      value = if digits == null then null else builtins.fromJSON (head digits);
    in
    if isInt value then
      value
    else
      throw "${context}: Could not convert ${lib.escapeNixString text} to int.";
in
{
  inherit (builtins)
    baseNameOf
    compareVersions
    concatStringsSep
    dirOf
    parseDrvName
    isString
    match
    replaceStrings
    split
    stringLength
    substring
    unsafeDiscardStringContext
    ;
  inherit lowerChars upperChars;

  concatStrings = concatStringsSep "";
  concatMapStrings = f: list: concatStringsSep "" (map f list);
  concatMapStringsSep =
    separator: f: list:
    concatStringsSep separator (map f list);
  concatImapStrings = f: list: concatStringsSep "" (lib.imap1 f list);
  concatImapStringsSep =
    separator: f: list:
    concatStringsSep separator (lib.imap1 f list);
  concatMapAttrsStringSep =
    separator: f: set:
    concatStringsSep separator (lib.mapAttrsToList f set);
  concatLines = lib.concatMapStrings (line: line + "\n");
  join = concatStringsSep;
  intersperse =
    separator: list:
    if list == [ ] then
      [ ]
    else
      lib.drop 1 (
        builtins.concatMap (value: [
          separator
          value
        ]) list
      );
  replicate = count: text: lib.concatStrings (lib.lists.replicate count text);
  replaceString = old: new: replaceStrings [ old ] [ new ];
  optionalString = condition: text: if condition then text else "";

  hasPrefix = prefix: text: substring 0 (stringLength prefix) text == prefix;
  hasSuffix =
    suffix: text:
    let
      start = stringLength text - stringLength suffix;
    in
    start >= 0 && substring start (-1) text == suffix;
  hasInfix = infix: text: builtins.length (split (lib.escapeRegex infix) "${text}") > 1;
  removePrefix =
    prefix: text: if lib.hasPrefix prefix text then substring (stringLength prefix) (-1) text else text;
  removeSuffix =
    suffix: text:
    if lib.hasSuffix suffix text then
      substring 0 (stringLength text - stringLength suffix) text
    else
      text;
  trim = lib.trimWith {
    start = true;
    end = true;
  };
  trimWith =
    {
      start ? false,
      end ? false,
    }:
    text:
    let
      blank = "[ \t\r\n]*";
      noLeading = if start then head (match "${blank}(.*)" text) else text;
      ended = match "(.*[^ \t\r\n])${blank}" noLeading;
    in
    if !end then
      noLeading
    else if ended == null then
      ""
    else
      head ended;

  stringToCharacters = text: genList (n: substring n 1 text) (stringLength text);
  stringAsChars = f: text: lib.concatMapStrings f (lib.stringToCharacters text);
  charToInt = character: lib.strings.asciiTable.${character};
  asciiTable =
    builtins.listToAttrs (
      lib.imap0
        (n: name: {
          inherit name;
          value = 32 + n;
        })
        (
          lib.stringToCharacters " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"
        )
    )
    // {
      "\t" = 9;
      "\n" = 10;
      "\r" = 13;
    };
  splitString =
    separator: text:
    let
      parts = filter isString (split (lib.escapeRegex (toString separator)) (toString text));
    in
    map (lib.addContextFrom text) parts;
  toLower = replaceStrings upperChars lowerChars;
  toUpper = replaceStrings lowerChars upperChars;
  toSentenceCase =
    text:
    lib.throwIfNot (isString text)
      "toSentenceCase wants a string and got a value of type ${builtins.typeOf text}"
      (lib.toUpper (substring 0 1 text) + lib.toLower (substring 1 (-1) text));

  isStringLike = value: isString value || isPath value || value ? outPath || value ? __toString;
  isConvertibleWithToString =
    value:
    builtins.isList value && builtins.all lib.strings.isConvertibleWithToString value
    || lib.isStringLike value
    || value == null
    || isInt value
    || isFloat value
    || builtins.isBool value;
  isSimpleString = isString;
  isStorePath =
    value:
    lib.isStringLike value
    && (
      let
        text = toString value;
      in
      # A placeholder of a path that is not known yet is no longer than its hash.
      substring 0 1 text == "/" && dirOf text == builtins.storeDir || match "/[0-9a-z]{52}" text != null
    );
  addContextFrom = source: target: substring 0 0 source + target;
  appendContext = builtins.appendContext;
  sanitizeDerivationName =
    name:
    let
      cleaned = lib.concatMapStrings (part: if isString part then part else "-") (
        split "[^[:alnum:]+._?=-]+" (lib.unsafeDiscardStringContext (toString name))
      );
      noDot = head (match "\\.*(.*)" cleaned);
      start = lib.max 0 (stringLength noDot - 207);
    in
    if noDot == "" then "unknown" else substring start (-1) noDot;

  toInt = text: parseInteger "toInt" text "[[:space:]]*(-?(0|[1-9][0-9]*))[[:space:]]*";
  toIntBase10 =
    text:
    let
      parts = match "[[:space:]]*(-?)0*([0-9]+)[[:space:]]*" text;
    in
    if parts == null then
      throw "toIntBase10: Could not convert ${lib.escapeNixString text} to int."
    else
      builtins.fromJSON (concatStringsSep "" parts);
  fixedWidthString =
    width: filler: text:
    let
      missing = width - stringLength text;
    in
    lib.throwIf (missing < 0)
      "fixedWidthString: requested string length (${toString width}) must not be shorter than actual length (${toString (stringLength text)})"
      (lib.strings.replicate missing filler + text);
  fixedWidthNumber = width: number: lib.fixedWidthString width "0" (toString number);
  fileContents = file: lib.removeSuffix "\n" (builtins.readFile file);

  makeSearchPath =
    directory: packages:
    concatStringsSep ":" (map (path: "${path}/${directory}") (filter (path: path != null) packages));
  makeSearchPathOutput =
    output: directory: packages:
    lib.makeSearchPath directory (map (lib.getOutput output) packages);
  makeBinPath = lib.makeSearchPathOutput "bin" "bin";
  makeLibraryPath = lib.makeSearchPathOutput "lib" "lib";
  makeIncludePath = lib.makeSearchPathOutput "dev" "include";

  versionOlder = a: b: builtins.compareVersions b a == 1;
  versionAtLeast = a: b: !(lib.versionOlder a b);
  getName =
    value:
    if isString value then
      (builtins.parseDrvName value).name
    else
      value.pname or (builtins.parseDrvName value.name).name;
  getVersion =
    value:
    if isString value then
      (builtins.parseDrvName value).version
    else
      value.version or (builtins.parseDrvName value.name).version;
  nameFromURL = url: separator: head (lib.splitString separator (lib.last (lib.splitString "/" url)));
  enableFeature = on: name: if on then "--enable-${name}" else "--disable-${name}";
  withFeature = on: name: if on then "--with-${name}" else "--without-${name}";
  readPathsFromFile =
    root: file:
    map (path: root + "/${path}") (
      filter (line: line != "" && !(lib.hasPrefix "#" line)) (
        lib.splitString "\n" (builtins.readFile file)
      )
    );

  # Edit distance, by rows, for "did you mean".
  levenshtein =
    a: b:
    let
      columns = lib.range 1 (stringLength b);
      nextRow =
        row: i:
        builtins.foldl' (
          done: j:
          done
          ++ [
            (lib.min (lib.min (elemAt row j + 1) (elemAt done (j - 1) + 1)) (
              elemAt row (j - 1) + (if substring (i - 1) 1 a == substring (j - 1) 1 b then 0 else 1)
            ))
          ]
        ) [ i ] columns;
    in
    lib.last (builtins.foldl' nextRow (lib.range 0 (stringLength b)) (lib.range 1 (stringLength a)));
  levenshteinAtMost =
    limit: a: b:
    lib.strings.levenshtein a b <= limit;
}
