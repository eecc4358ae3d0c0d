{
  fails,
  lib,
  nixpkgs,
  web,
  ...
}:
let
  record = import ../../../lib/network/record.nix { inherit (nixpkgs) lib; };
  keyOf =
    key:
    (record.options "web" (web {
      deployment.keys.secret = key;
    })).keys.secret;
in
{
  "the content of a key is not in its record" = {
    expr = keyOf { text = "very secret"; };
    expected = {
      destDir = "/run/keys";
      group = "root";
      literal = true;
      name = "secret";
      path = "/run/keys/secret";
      permissions = "0600";
      persist = false;
      source = "text";
      user = "root";
    };
  };

  "who sends keys is given their texts and nothing else of them" = {
    expr = record.keyTexts (web {
      deployment.keys.token.text = "very secret";
      deployment.keys.file.keyFile = "/etc/secret";
    });
    expected.token = "very secret";
  };

  "a plain string is the text of a key" = {
    expr = (keyOf "very secret").source;
    expected = "text";
  };

  "files and commands are named" = {
    expr = [
      (keyOf { keyFile = "/etc/secret"; }).keyFile
      (keyOf {
        keyCommand = [
          "pass"
          "x"
        ];
      }).keyCommand
    ];
    expected = [
      "/etc/secret"
      [
        "pass"
        "x"
      ]
    ];
  };

  "a key without a source or with two is refused at once" = {
    expr = [
      (fails (keyOf { }))
      (fails (keyOf {
        text = "x";
        keyFile = "/y";
      }))
    ];
    expected = [
      true
      true
    ];
  };

  "each key has a unit that waits for it" = {
    expr = lib.filter (lib.hasPrefix "s") (
      lib.attrNames (web { deployment.keys."secret".text = "x"; }).systemd.services
    );
    expected = lib.filter (lib.hasPrefix "s") (
      lib.attrNames (web { }).systemd.services ++ [ "secret-key" ]
    );
  };

  "a key gets its owner by the activation and, where users come later, by its unit" = {
    expr =
      let
        config = web {
          deployment.keys.secret = {
            text = "x";
            user = "app";
          };
        };
        # Older libraries quote every word.
        owns =
          script:
          lib.hasInfix "chown app:root /run/keys/secret" (builtins.replaceStrings [ "'" ] [ "" ] script);
      in
      map owns [
        config.system.activationScripts.nixops-keys.text
        config.systemd.services.secret-key.preStart
      ];
    expected = [
      true
      true
    ];
  };

  "only a key that persists is put back by the activation" = {
    expr =
      let
        config = web {
          deployment.keys.memory.text = "m";
          deployment.keys.disk = {
            text = "d";
            persist = true;
          };
        };
        script = config.system.activationScripts.nixops-keys.text;
      in
      map (name: lib.hasInfix "/var/lib/nixops/keys/kept/${name}" script) [
        "disk"
        "memory"
      ];
    expected = [
      true
      false
    ];
  };

  "keys that share a path fail an assertion" = {
    expr = lib.length (
      lib.filter (assertion: !assertion.assertion)
        (web {
          deployment.keys.a = {
            text = "x";
            name = "same";
          };
          deployment.keys.b = {
            text = "x";
            name = "same";
          };
        }).assertions
    );
    expected = 2;
  };
}
