# A synthetic fleet: `count` machines, each with `modules` modules of a realistic shape beside
# those of the system.
#
# With `crossing` the machines read each other, as most networks do: one host file over all on
# every machine, and one machine that watches all others.
{
  count,
  modules ? 300,
  crossing ? false,
}:
let
  range = builtins.genList (index: index);
  name = index: "m${toString index}";

  # A service with some options, a unit, a file and an interest in its neighbour.
  service =
    index:
    { config, lib, ... }:
    let
      self = config.fleet."s${toString index}";
    in
    {
      options.fleet."s${toString index}" = {
        enable = lib.mkEnableOption "service ${toString index}";
        port = lib.mkOption {
          type = lib.types.port;
          default = 10000 + index;
          description = "Port.";
        };
        settings = lib.mkOption {
          type = lib.types.attrsOf (
            lib.types.either lib.types.str (lib.types.either lib.types.int lib.types.bool)
          );
          default = { };
          description = "Settings.";
        };
        users = lib.mkOption {
          type = lib.types.attrsOf (
            lib.types.submodule {
              options.name = lib.mkOption {
                type = lib.types.str;
                default = "user";
              };
            }
          );
          default = { };
          description = "Users.";
        };
      };
      config = lib.mkMerge [
        {
          fleet."s${toString index}" = {
            enable = lib.mkDefault (lib.mod index 3 == 0);
            settings.motto = lib.mkDefault "number ${toString index}";
          };
        }
        (lib.mkIf self.enable {
          fleet."s${toString index}".settings.limit = self.port * 2;
          environment.etc."fleet/s${toString index}".text = builtins.toJSON self.settings;
        })
      ];
    };

  services = range modules;

  machine =
    index:
    {
      config,
      lib,
      nodes,
      ...
    }:
    {
      imports = map service services;
      networking.domain = "d${toString index}.example.org";
      environment.etc."hosts-of-the-fleet" = lib.mkIf crossing {
        text = lib.concatMapStrings (
          other: "${other.config.networking.hostName} ${other.config.deployment.targetHost}\n"
        ) (lib.attrValues nodes);
      };
      environment.etc."watched" = lib.mkIf (crossing && index == 0) {
        text = lib.concatMapStrings (
          other: "${other.config.networking.hostName}:${toString other.config.fleet.s1.port}\n"
        ) (lib.attrValues nodes);
      };
    };
in
{
  network.description = "${toString count} machines";
}
// builtins.listToAttrs (
  map (index: {
    name = name index;
    value = machine index;
  }) (range count)
)
