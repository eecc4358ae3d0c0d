# says: The option `note` is defined both null and not null, in `@file@'
{ lib, ... }:
{
  note = lib.mkMerge [
    null
    "a"
  ];
}
