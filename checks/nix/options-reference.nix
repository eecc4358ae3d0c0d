/**
  Renders the reference of the options that NixOps adds to a machine, as Markdown.

  # Type

  ```
  { lib } -> String
  ```
*/
{ lib }:
let
  docs = import ../../lib/docs.nix { inherit lib; };

  evaluated = lib.evalModules {
    modules = [
      ../../lib/options/addresses.nix
      ../../lib/options/auto-luks.nix
      ../../lib/options/auto-raid0.nix
      ../../lib/options/deployment.nix
      ../../lib/options/health.nix
      ../../lib/options/identity.nix
      ../../lib/options/keys.nix
      ../../lib/options/lifecycle.nix
      ../../lib/options/rollback.nix
      ../../lib/options/networking.nix
      {
        # What NixOS declares is not there.
        _module.check = false;
        _module.args = {
          name = "machine";
          pkgs = { };
          utils = { };
        };
      }
    ];
  };
in
''
  # Options of a machine

  These options come to each machine of a network, beside those of NixOS. Types and defaults are
  read from `lib/options`; `checks/nix/options-reference --update` writes this page.

  One has no effect yet: see [what is there and what comes](status.md).
  `<name>` stands for a name of your choice.
''
+ docs.render { heading = "##"; } evaluated.options
