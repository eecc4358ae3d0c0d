# Parts of version numbers.
{ lib }:
let
  part = n: version: builtins.elemAt (lib.versions.splitVersion version) n;
in
{
  inherit (builtins) splitVersion;
  major = part 0;
  minor = part 1;
  patch = part 2;
  majorMinor = version: lib.concatStringsSep "." (lib.take 2 (lib.versions.splitVersion version));
}
