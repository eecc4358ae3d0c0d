/**
  The program of a provider, with what it takes to have it on this computer.

  A path of the plugin's own tree is there already; a program of a package is built first, from the
  derivation that the context of the string names.

  # Type

  ```
  provider :: String -> (String | Path) -> { program; drv; out; }
  ```
*/
who: value:

let
  inherit (builtins)
    attrNames
    filter
    getContext
    head
    isPath
    isString
    match
    storeDir
    unsafeDiscardStringContext
    ;

  text = toString value;

  program = unsafeDiscardStringContext text;

  derivations =
    let
      context = getContext text;
    in
    filter (path: context.${path} ? outputs) (attrNames context);

  store = match "(${storeDir}/[a-z0-9]{32}-([^/]*)).*" program;

  out = if store == null then null else head store;

  # A string may bring several derivations along; that of the program bears its name.
  isOfProgram =
    drv: store != null && match ".*/[a-z0-9]{32}-(.*)[.]drv" drv == [ (builtins.elemAt store 1) ];

  best = filter isOfProgram derivations ++ derivations;
in
if !(isString value || isPath value) then
  throw "${who}: a provider must be the path of a program, such as \"\${package}/bin/nixops-neatcloud\", but it is a ${
    if value.type or "" == "derivation" then "package" else builtins.typeOf value
  }"
else
  {
    inherit program out;
    drv = if best == [ ] then null else head best;
  }
