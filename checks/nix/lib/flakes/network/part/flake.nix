{
  outputs =
    { self, inner, ... }:
    {
      outputsOf = inputs: {
        where = builtins.baseNameOf self.outPath;
        tree = builtins.baseNameOf self.sourceInfo.outPath;
        inner = inner.name;
        names = builtins.attrNames inputs;
        self = inputs.self.lastModified;
        followed = inputs.part.inputs.other.name;
        plain = inputs.plain ? outputs;
      };
    };
}
