# `resources.greetings.<name>`: words that machines can show.
{ lib, name, ... }:
{
  options = {
    text = lib.mkOption {
      type = lib.types.str;
      example = "Welcome aboard.";
      description = "What is said.";
    };

    audience = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = [ ];
      example = [ "sailors" ];
      description = "To whom it is said.";
    };

    title = lib.mkOption {
      type = lib.types.str;
      default = name;
      description = "What it is called.";
    };
  };

  # The kind by which options of machines recognise the resource.
  config._type = "greeting";
}
