# says: The option `needed' was accessed but has no value defined.
# says: while evaluating the option `needed'
{ lib, ... }: { options.needed = lib.mkOption { type = lib.types.str; }; }
