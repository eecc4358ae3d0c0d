{
  outputs =
    { self, ... }:
    {
      name = builtins.baseNameOf self.outPath;
      tree = builtins.baseNameOf self.sourceInfo.outPath;
    };
}
