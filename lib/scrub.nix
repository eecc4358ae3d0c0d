/**
  Turns any value into plain data that `builtins.toJSON` renders without surprises.

  `toJSON` alone copies paths to the store, collapses every set with an `outPath` to a string, and
  fails at functions. Here paths become strings, derivations and other sets with an `outPath` tell
  their store paths under names of their own, and functions are left out.

  # Type

  ```
  scrub :: Any -> (Null | Bool | Int | Float | String | [Data] | { ... })
  ```
*/
let
  plain = builtins.unsafeDiscardStringContext;

  isData = value: !builtins.isFunction value && !(builtins.isAttrs value && value ? __functor);

  scrubSet =
    set:
    if set.type or null == "derivation" then
      {
        drv = plain set.drvPath;
        out = plain set.outPath;
      }
    else if set ? outPath then
      { out = plain (toString set.outPath); }
    else
      builtins.listToAttrs (
        builtins.filter (entry: entry != null) (
          map (
            name:
            if isData set.${name} then
              {
                inherit name;
                value = scrub set.${name};
              }
            else
              null
          ) (builtins.attrNames set)
        )
      );

  scrub =
    value:
    if builtins.isAttrs value then
      scrubSet value
    else if builtins.isList value then
      map scrub (builtins.filter isData value)
    else if builtins.isPath value then
      toString value
    else if builtins.isString value then
      plain value
    else if builtins.isFunction value then
      null
    else
      value;
in
scrub
