# says: The option `old' can no longer be used since it's been removed. Use title.
{ lib, config, ... }:
{
  imports = [ (lib.mkRemovedOptionModule [ "old" ] "Use title.") ];
  options.assertions = lib.mkOption { };
  config.old = 1;
  config.title = toString config.old;
}
