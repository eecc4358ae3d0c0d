# says: The option `owner' is defined multiple times while it's expected to be unique.
# says: - In `@file@': "a"
{ lib, ... }:
{
  owner = lib.mkMerge [
    "a"
    "a"
  ];
}
