# `deployment.greeting`: the greeting that a machine shows after a login.
{
  config,
  lib,
  resources,
  ...
}:
let
  inherit (config.deployment) greeting;
in
{
  options.deployment.greeting = lib.mkOption {
    type = lib.types.nullOr lib.types.str;
    default = null;
    example = "welcome";
    description = "Name of the `resources.greetings` that is shown after a login.";
  };

  config = lib.mkIf (greeting != null) {
    environment.etc.motd.text =
      let
        inherit (resources.greetings.${greeting}) audience text;
      in
      lib.concatStringsSep ", " (audience ++ [ text ]) + "\n";
  };
}
