# says: In module @file@: expected an option declaration at option path `size` but got an attribute set with type option-type
{ lib, ... }: { options.size = lib.types.int; }
