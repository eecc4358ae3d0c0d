# says: The option `title' in module `
# says: would be a parent of the following options, but its type `string' does not support nested options.
# says: - option(s) with prefix `title.size' in module `@file@'
{ lib, ... }: { options.title.size = lib.mkOption { type = lib.types.int; }; }
