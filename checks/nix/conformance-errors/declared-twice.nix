# says: The option `title' in `
# says: is already declared in `@file@'
{ lib, ... }: { options.title = lib.mkOption { type = lib.types.int; }; }
