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

  # Every third one does something.
  service = import ./service.nix 3;

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
