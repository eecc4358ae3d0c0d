# `hosts.nix` of templates/network for hosts of a rig, from the `rig.json` beside
# it: the machine `web` is the host `<prefix>web`. Their ssh knows keys by itself.
prefix:
let
  rig = builtins.fromJSON (builtins.readFile ./rig.json);
  length = builtins.stringLength prefix;
  isOurs = host: builtins.substring 0 length host.name == prefix;
in
builtins.listToAttrs (
  map (host: {
    name = builtins.substring length (-1) host.name;
    value.deployment = {
      targetHost = host.address;
      targetPort = host.port;
    };
  }) (builtins.filter isOurs rig.hosts)
)
