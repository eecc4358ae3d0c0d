# `hosts.nix` of templates/network for the hosts of a rig, from the `rig.json`
# beside it. Their ssh knows keys and users by itself.
let
  rig = builtins.fromJSON (builtins.readFile ./rig.json);
in
builtins.listToAttrs (
  map (host: {
    inherit (host) name;
    value.deployment = {
      targetHost = host.address;
      targetPort = host.port;
    };
  }) rig.hosts
)
