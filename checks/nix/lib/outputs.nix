# Outputs of resources in evaluation.
{
  evaluateWith,
  fails,
  lib,
  ...
}:
let
  known = {
    sshKeyPairs.login = {
      publicKey.value = "ssh-ed25519 AAAA";
      privateKey = "secret";
    };
    commandOutput.count = {
      value.value = 3;
      extra.value = [ "more" ];
    };
    commandOutput.later.value = "unknown";
    cloud.web = {
      privateIPv4.value = "10.0.0.1";
      publicIPv4 = "unknown";
    };
    cloud.db = {
      privateIPv4.value = null;
      size.value = 7;
    };
  };

  network = final: evaluateWith { outputs = { inherit final known; }; };

  resources = {
    sshKeyPairs.login = { };
    commandOutput.count = { };
    commandOutput.later = { };
    commandOutput.mine.value = "the user's";
  };

  # What a resource whose value is told by `reads` sees.
  seenBy =
    final: reads:
    (
      (network final {
        resources = lib.recursiveUpdate resources {
          commandOutput.reader = { resources, ... }: { value = reads resources; };
        };
      }).resources.commandOutput.reader
      { }
    ).value.value;

  seen = seenBy false;

  # The configuration of the machine `web` of the backend `cloud`.
  webOf =
    final: module:
    (
      (network final {
        inherit resources;
        web = {
          imports = [ module ];
          deployment.targetEnv = "cloud";
        };
      }).machines.web
      { }
    ).config;

  web = webOf false;
in
{
  "an output stands where an option is empty or null" = {
    expr = [
      (seen (resources: resources.sshKeyPairs.login.publicKey))
      (seen (resources: toString resources.commandOutput.count.value))
    ];
    expected = [
      "ssh-ed25519 AAAA"
      "3"
    ];
  };

  "an output without an option is there" = {
    expr = seen (resources: lib.head resources.commandOutput.count.extra);
    expected = "more";
  };

  "what the user says counts more than an output" = {
    expr =
      (
        (evaluateWith
          {
            outputs = {
              final = true;
              known.commandOutput.mine.value = "unknown";
            };
          }
          {
            resources.commandOutput = {
              mine.value = "the user's";
              reader = { resources, ... }: { inherit (resources.commandOutput.mine) value; };
            };
          }
        ).resources.commandOutput.reader
        { }
      ).value.value;
    expected = "the user's";
  };

  "a secret is a token" = {
    expr = seenBy true (resources: "key: ${resources.sshKeyPairs.login.privateKey}");
    expected = "key: <nixops:secret:sshKeyPairs:login:privateKey>";
  };

  "what is not known yet is a token" = {
    expr = seen (resources: resources.commandOutput.later.value);
    expected = "<nixops:unknown:commandOutput:later:value>";
  };

  "nothing is there of outputs that nobody knows" = {
    expr = seen (resources: toString (resources.commandOutput.mine ? extra));
    expected = "";
  };

  "what a resource sees of others has their outputs, all the way" = {
    expr =
      (
        (network false {
          resources = resources // {
            commandOutput = resources.commandOutput // {
              first = { resources, ... }: { value = resources.sshKeyPairs.login.publicKey; };
              second = { resources, ... }: { value = "2: ${resources.commandOutput.first.value}"; };
            };
          };
        }).resources.commandOutput.second
        { }
      ).value.value;
    expected = "2: ssh-ed25519 AAAA";
  };

  "machines see outputs of resources" = {
    expr =
      (web (
        { resources, ... }:
        {
          environment.etc.key.text = resources.sshKeyPairs.login.publicKey;
        }
      )).environment.etc.key.text;
    expected = "ssh-ed25519 AAAA";
  };

  "the addresses of a machine are the outputs of its backend" = {
    expr = [
      (web { }).networking.privateIPv4
      (web { }).networking.publicIPv4
      (web { networking.privateIPv4 = "192.0.2.1"; }).networking.privateIPv4
      (webOf true { networking.publicIPv4 = "192.0.2.2"; }).networking.publicIPv4
    ];
    expected = [
      "10.0.0.1"
      "<nixops:unknown:cloud:web:publicIPv4>"
      "192.0.2.1"
      "192.0.2.2"
    ];
  };

  "an address that is null is none" = {
    expr =
      let
        db = ((network false { db.deployment.targetEnv = "cloud"; }).machines.db { }).config;
      in
      [
        (fails db.networking.privateIPv4)
        db.networking.publicIPv4
      ];
    expected = [
      true
      null
    ];
  };

  "a module gets the outputs of its machine" = {
    expr =
      (
        (network false {
          db =
            { outputs, ... }:
            {
              deployment.targetEnv = "cloud";
              environment.etc.size.text = toString outputs.size;
            };
        }).machines.db
        { }
      ).config.environment.etc.size.text;
    expected = "7";
  };

  "a machine without a backend has no outputs" = {
    expr =
      (
        (network false {
          web = { outputs, ... }: { environment.etc.size.text = toString (outputs == { }); };
        }).machines.web
        { }
      ).config.environment.etc.size.text;
    expected = "1";
  };

  "machines see each other's addresses" = {
    expr =
      let
        result = network true {
          web.deployment.targetEnv = "cloud";
          other =
            { nodes, resources, ... }:
            {
              environment.etc.a.text = nodes.web.config.networking.privateIPv4;
              environment.etc.b.text = resources.machines.web.networking.privateIPv4;
            };
        };
        inherit ((result.machines.other { }).config.environment) etc;
      in
      [
        etc.a.text
        etc.b.text
      ];
    expected = [
      "10.0.0.1"
      "10.0.0.1"
    ];
  };

  "a resource says how it begins and ends beside its value" = {
    expr =
      let
        of =
          attributes:
          (network false { resources.sshKeyPairs.login = attributes; }).resources.sshKeyPairs.login { };
        said = of {
          deployment.lifecycle = {
            protect = true;
            ignoreChanges = [ "size" ];
          };
        };
      in
      [
        (of { }).lifecycle
        said.lifecycle
        (lib.attrNames said.value.deployment)
      ];
    expected = [
      { }
      {
        aliases = [ ];
        createFirst = false;
        ignoreChanges = [ "size" ];
        protect = true;
        replaceOn = [ ];
        retain = false;
      }
      [
        "arguments"
        "name"
        "uuid"
      ]
    ];
  };
}
