# The platform of a machine, beside the options of NixOS that say one too.
{ lib, ... }:
let
  option = attributes: lib.mkOption ({ default = null; } // attributes);

  # The options of NixOS since 22.05.
  current.options.nixpkgs = {
    hostPlatform = lib.mkOption { };
    pkgs = lib.mkOption { };
    system = option { };
    localSystem = option { };
    crossSystem = option { };
  };

  # Those of its module that takes a package set and nothing else.
  readOnly = {
    options.nixpkgs = {
      hostPlatform = lib.mkOption { readOnly = true; };
      pkgs = lib.mkOption { };
    };
    config.nixpkgs.hostPlatform = "of the package set";
  };

  # Those from before `hostPlatform`.
  old.options.nixpkgs.system = option { };

  evaluate =
    modules:
    lib.evalModules {
      modules = [
        ../../../lib/options/platform.nix
        { _module.args.nixopsSystem = "x86_64-linux"; }
      ]
      ++ modules;
    };

  platformWith =
    nixpkgs:
    let
      evaluation = evaluate [
        current
        { inherit nixpkgs; }
      ];
    in
    if evaluation.options.nixpkgs.hostPlatform.isDefined then
      evaluation.config.nixpkgs.hostPlatform
    else
      null;
in
{
  "the platform is the deployer's" = {
    expr = platformWith { };
    expected = "x86_64-linux";
  };

  "a platform in the legacy form is not said again" = {
    expr = map platformWith [
      { system = lib.mkDefault "aarch64-linux"; }
      { localSystem.system = "aarch64-linux"; }
      { crossSystem.system = "aarch64-linux"; }
    ];
    expected = [
      null
      null
      null
    ];
  };

  "a package set may be chosen by the platform" = {
    expr =
      let
        choose =
          { config, ... }:
          {
            nixpkgs.pkgs =
              {
                x86_64-linux = "of the deployer";
                aarch64-linux = "of the machine";
              }
              .${config.nixpkgs.hostPlatform};
          };
      in
      map
        (
          platform:
          (evaluate [
            current
            choose
            { nixpkgs = platform; }
          ]).config.nixpkgs.pkgs
        )
        [
          { }
          { hostPlatform = lib.mkDefault "aarch64-linux"; }
        ];
    expected = [
      "of the deployer"
      "of the machine"
    ];
  };

  "a platform that is read only is left alone" = {
    expr = (evaluate [ readOnly ]).config.nixpkgs.hostPlatform;
    expected = "of the package set";
  };

  "a NixOS that does not know platforms is left alone" = {
    expr = (evaluate [ old ]).config.nixpkgs;
    expected.system = null;
  };
}
