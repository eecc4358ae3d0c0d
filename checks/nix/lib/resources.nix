{ evaluate, fails, ... }:
{
  "resources have identity and defaults" = {
    expr =
      let
        result = evaluate { resources.sshKeyPairs.login = { }; };
      in
      (result.resources.sshKeyPairs.login { }).value;
    expected = {
      _name = "login";
      _type = "unknown";
      deployment = {
        arguments = { };
        name = "shop";
        uuid = "u-u-i-d";
      };
      privateKey = "";
      publicKey = "";
    };
  };

  "a command output has a type and the name of its attribute" = {
    expr =
      let
        output =
          ((evaluate { resources.commandOutput.date.script = "date"; }).resources.commandOutput.date { })
          .value;
      in
      [
        output._type
        output.name
        output.value
      ];
    expected = [
      "commandOutput"
      "date"
      null
    ];
  };

  "names of resources are known without evaluating them" = {
    expr =
      (evaluate {
        resources.sshKeyPairs.broken = throw "not evaluated";
        web = throw "not evaluated";
      }).names;
    expected = {
      machines = [ "web" ];
      resources.sshKeyPairs = [ "broken" ];
    };
  };

  "a message about a resource names the file of its definition" = {
    expr =
      builtins.baseNameOf
        (
          (evaluate {
            # Put together elsewhere, as flakes do.
            resources.commandOutput = import ./resources/written-here.nix;
          }).resources.commandOutput.where
          { }
        ).value.value;
    expected = "written-here.nix";
  };

  "a type that nobody provides is refused" = {
    expr = fails (evaluate { resources.nosuch.x = { }; }).names;
    expected = true;
  };

  "types without resources are there for those who map over them" = {
    expr =
      (evaluate {
        web =
          { resources, ... }:
          {
            environment.etc.keys.text = toString (builtins.length (builtins.attrNames resources.sshKeyPairs));
          };
      }).nodes.web.config.environment.etc.keys.text;
    expected = "0";
  };
}
