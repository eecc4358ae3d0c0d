# One of the networks here, as a value that throws. The first line of each file is what Nix says.
{ nixpkgsLib, name }:
let
  scope = import ../scope.nix { inherit nixpkgsLib; };
in
import (./. + "/${name}.nix") (
  scope
  // {
    # A network with these inputs.
    network =
      inputs: attributes:
      import ../../../../lib/network {
        inherit inputs;
        definitions = [
          (
            {
              _file = "net.nix";
              inherit (scope) nixpkgs;
            }
            // attributes
          )
        ];
        uuid = "u-u-i-d";
        deploymentName = "shop";
        system = "x86_64-linux";
      };

    # An input that is a plugin with this manifest.
    plugin = manifest: {
      isFlake = true;
      locked = { };
      value = {
        outPath = "/nix/store/${manifest.name or "x"}-${manifest.version or ""}";
        nixopsPlugin = manifest;
      };
    };
  }
)
