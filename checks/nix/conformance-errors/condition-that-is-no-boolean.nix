# says: called with a non-Boolean condition
# says: while evaluating definitions from `@file@'
{ lib, ... }: { title = lib.mkIf 1 "a"; }
