{
  where =
    { options, ... }:
    {
      script = "true";
      value = builtins.head options.script.files;
    };
}
