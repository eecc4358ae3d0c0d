# What modules of NixOS get as `utils`, as far as plugins of NixOps ask for it.
{ lib, ... }:
let
  escapes = {
    " " = "\\x20";
    "+" = "\\x2b";
    "-" = "\\x2d";
    "@" = "\\x40";
    "~" = "\\x7e";
    "\\" = "\\x5c";
  };

  escapePart = builtins.replaceStrings (lib.attrNames escapes) (lib.attrValues escapes);

  parts = path: lib.filter (part: part != "") (lib.splitString "/" path);
in
{
  _module.args.utils = {
    escapeSystemdPath =
      path: if parts path == [ ] then "-" else lib.concatMapStringsSep "-" escapePart (parts path);
  };
}
