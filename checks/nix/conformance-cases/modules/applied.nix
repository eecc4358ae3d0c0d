{ n }: { lib, ... }: { x = lib.mkDefault n; }
