/**
  Evaluates a fleet as a deployer does that keeps its machines in one attribute set.

  The modules, the options of NixOps and nixpkgs are the same, but the machines asked for are those
  of `nodes`, which is memoised: a machine that has been evaluated, for itself or because another
  one read it, stays in memory until Nix ends. Only the derivations are asked for, which is less
  than NixOps asks for (it wants the options of a deployment too).

  # Inputs

  `nixops`
  : The Nix library of NixOps.

  `network`, `arguments`
  : The function that gives the fleet, and what it is called with.

  `system`
  : The platform of the deployer.

  # Output

  `{ <machine> = drvPath; }`
*/
{
  nixops,
  network,
  arguments,
  system,
}:
let
  evaluated = nixops.evalNetwork {
    inherit arguments system;
    definitions = nixops.definitions {
      inherit arguments;
      start = [
        {
          file = "network.nix";
          value = network;
        }
      ];
    };
    uuid = "retained";
    deploymentName = "retained";
  };
in
builtins.mapAttrs (_: node: node.config.system.build.toplevel.drvPath) evaluated.nodes
