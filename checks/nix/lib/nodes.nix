# What machines see of each other, with and without facts.
{ lib, nixpkgs, ... }:
let
  nodes =
    facts:
    import ../../../lib/network/nodes.nix {
      inherit facts lib;
      names = [
        "a"
        "b"
      ];
      evaluate =
        name:
        nixpkgs.lib.nixosSystem {
          modules = [
            {
              nixpkgs.hostPlatform = "x86_64-linux";
              networking.hostName = name;
              environment.etc.name.text = name;
            }
          ];
        };
    };

  without = nodes {
    shapes = [ ];
    nodes = { };
  };

  paths = [
    [
      "config"
      "networking"
      "hostName"
    ]
    [
      "config"
      "environment"
      "etc"
    ]
    [
      "config"
      "no"
      "such"
    ]
    [
      "config"
      "networking"
      "nosuch"
    ]
  ];

  found = without.collect paths without.nodes.a;

  networking = found.children.config.children.networking;

  # Facts that are visibly not what evaluation gives.
  with' = nodes {
    shapes = [
      found.names
      found.children.config.names
      networking.names
    ];
    nodes.a = {
      names = 0;
      values = { };
      children.config = {
        names = 1;
        values = { };
        children.networking = {
          names = 2;
          values.hostName = "known";
          children = { };
        };
      };
    };
  };
in
{
  "a scalar is a fact" = {
    expr = networking.values;
    expected.hostName = "a";
  };

  "what is no plain value is no fact" = {
    expr = found.children.config.children.environment.values;
    expected = { };
  };

  "what is not there is no fact" = {
    expr = builtins.attrNames found.children.config.children;
    expected = [
      "environment"
      "networking"
    ];
  };

  "a fact stands between the same neighbours" = {
    expr = builtins.attrNames with'.nodes.a.config.networking;
    expected = builtins.attrNames without.nodes.a.config.networking;
  };

  "a fact is used and its neighbours are evaluated" = {
    expr = [
      with'.nodes.a.config.networking.hostName
      with'.nodes.b.config.networking.hostName
      with'.nodes.a.config.environment.etc.name.text
      with'.nodes.a.pkgs.system
    ];
    expected = [
      "known"
      "b"
      "a"
      "x86_64-linux"
    ];
  };
}
