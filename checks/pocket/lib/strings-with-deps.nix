# Texts that name what must come before them, as activation scripts do.
{ lib }:
let
  # One step over the entries: names become their entries, each at most once.
  walk =
    predefined: state: entry:
    if builtins.isAttrs entry then
      let
        before = builtins.foldl' (walk predefined) state entry.deps;
      in
      before // { result = before.result ++ [ entry.text ]; }
    else if state.done ? ${entry} then
      state
    else
      walk predefined (
        state
        // {
          done = state.done // {
            ${entry} = true;
          };
        }
      ) predefined.${entry};
in
{
  textClosureList =
    predefined: names:
    (builtins.foldl' (walk predefined) {
      result = [ ];
      done = { };
    } names).result;
  textClosureMap =
    f: predefined: names:
    lib.concatMapStringsSep "\n" f (lib.textClosureList predefined names);
  noDepEntry = text: {
    inherit text;
    deps = [ ];
  };
  fullDepEntry = text: deps: { inherit text deps; };
  packEntry = deps: {
    inherit deps;
    text = "";
  };
  stringAfter = deps: text: { inherit text deps; };
}
