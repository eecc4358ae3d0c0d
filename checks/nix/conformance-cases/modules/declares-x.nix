{ lib, ... }: { options.x = lib.mkOption { default = 1; }; }
