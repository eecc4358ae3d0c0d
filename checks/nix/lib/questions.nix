# What a person asks of a network.
{
  attrNames,
  evaluate,
  fails,
  ...
}:
let
  network = evaluate {
    network.description = "a shop";
    resources.commandOutput.count.value = "3";
    db = { };
    web =
      { nodes, ... }:
      {
        environment.etc."motto.txt".text = nodes.db.config.networking.hostName;
        deployment.tags = [ "eu" ];
      };
  };

  ask =
    question:
    import ../../../lib/questions.nix {
      inherit network question;
      flake = null;
    };

  option =
    path:
    (ask {
      option = {
        machine = "web";
        inherit path;
      };
    }).option;

  expression = expression: (ask { inherit expression; }).expression;

  tree = name: inputs: {
    outPath = "/nix/store/${name}";
    sourceInfo = "/nix/store/${name}";
    inherit inputs;
  };

  sources =
    flake:
    (import ../../../lib/questions.nix {
      inherit flake network;
      question = { };
    }).sources;
in
{
  "an option has a value" = {
    expr = option [
      "networking"
      "hostName"
    ];
    expected.value = "web";
  };

  "a path leads on into the value of an option" = {
    expr = option [
      "environment"
      "etc"
      "motto.txt"
      "text"
    ];
    expected.value = "db";
  };

  "of options below a name those are shown that have a value" = {
    expr =
      let
        networking = (option [ "networking" ]).value;
      in
      [
        networking.hostName
        (networking ? privateIPv4)
      ];
    expected = [
      "web"
      false
    ];
  };

  "where an option is unknown its neighbours are told" = {
    expr =
      let
        found = option [
          "networking"
          "hostNmae"
        ];
      in
      [
        found.seen
        found.unknown
        (builtins.elem "hostName" found.known)
      ];
    expected = [
      [ "networking" ]
      "hostNmae"
      true
    ];
  };

  "below a plain value there is nothing" = {
    expr = option [
      "networking"
      "hostName"
      "first"
    ];
    expected = {
      seen = [
        "networking"
        "hostName"
      ];
      unknown = "first";
      known = [ ];
    };
  };

  "an option without a value is an error" = {
    expr = fails (option [
      "networking"
      "privateIPv4"
    ]);
    expected = true;
  };

  "an expression gets the network" = {
    expr = expression (
      {
        lib,
        network,
        nodes,
        pkgs,
        resources,
        ...
      }:
      [
        (lib.attrNames nodes)
        nodes.web.config.deployment.tags
        network
        resources.commandOutput.count.value
        (pkgs ? stdenv)
      ]
    );
    expected = [
      [
        "db"
        "web"
      ]
      [ "eu" ]
      { description = "a shop"; }
      "3"
      true
    ];
  };

  "an expression that is no function stands for itself" = {
    expr = expression 3;
    expected = 3;
  };

  "the sources of a flake are it and all its inputs, each once" = {
    expr =
      let
        nixpkgs = tree "nixpkgs" { };
      in
      sources (
        tree "network" {
          inherit nixpkgs;
          nixops = tree "nixops" { inherit nixpkgs; };
          data = {
            outPath = "/nix/store/data";
          };
        }
      );
    expected = [
      "/nix/store/network"
      "/nix/store/data"
      "/nix/store/nixops"
      "/nix/store/nixpkgs"
    ];
  };

  "the scope of a person has names" = {
    expr = attrNames network.scope;
    expected = [
      "arguments"
      "deploymentName"
      "lib"
      "network"
      "nodes"
      "pkgs"
      "resources"
      "uuid"
    ];
  };
}
