/**
  Where a network begins: an output of a flake, a file, or a plugin that is looked at by itself.

  # Output

  ```
  { start; inputs; flake; }
  ```

  `start`
  : What `definitions.nix` takes.

  `inputs`
  : The inputs of the flake by name as `{ isFlake; locked; value; }`. Only `value` fetches one.

  `flake`
  : The flake itself, or null.
*/
source:

let
  flake = import ./call-flake.nix source.flake;

  networks =
    flake.nixopsConfigurations
      or (throw "the flake has no output `nixopsConfigurations'; define `nixopsConfigurations.default = { … };'");

  known = builtins.attrNames networks;

  network =
    networks.${source.name} or (throw (
      "the flake has no network `nixopsConfigurations.${source.name}'; "
      + (if known == [ ] then "it has none at all" else "it has: ${builtins.concatStringsSep ", " known}")
    ));

  inherit (source.flake) lock;

  describe =
    name: reference:
    let
      node = lock.nodes.${(import ./lock.nix lock).resolve reference};
    in
    {
      isFlake = node.flake or true;
      locked = node.locked or { };
      value = flake.inputs.${name};
    };

  # A network of nothing but the plugin that the flake is.
  alone = {
    nixpkgs =
      if source.nixpkgs == null then flake.inputs.nixpkgs else import ./call-flake.nix source.nixpkgs;
    network.plugins =
      if flake ? nixopsPlugin then
        [ flake ]
      else
        throw "the flake has no output `nixopsPlugin'; define `nixopsPlugin = { name = \"…\"; nixexprs = [ ./nix ]; };'";
  };
in
if source ? file then
  {
    start = [ { inherit (source) file; } ];
    inputs = { };
    flake = null;
  }
else
  {
    inherit flake;
    start = [
      {
        file = "${flake.outPath}/flake.nix";
        value = if source.plugin or false then alone else network;
      }
    ];
    inputs = builtins.mapAttrs describe (lock.nodes.${lock.root}.inputs or { });
  }
