# says: The option `title' has conflicting definition values:
# says: - In `@file@': "one"
# says: - In `@file@': "two"
# says: mkForce
{ lib, ... }:
{
  title = lib.mkMerge [
    "one"
    "two"
  ];
}
