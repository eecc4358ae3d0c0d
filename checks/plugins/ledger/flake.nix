{
  description = "A ledger as a plugin of NixOps, whose provider is a script";

  outputs = _inputs: {
    nixopsPlugin = {
      name = "ledger";
      version = "1.0";
      schemas = ./schemas;
      providers = builtins.listToAttrs (
        map
          (system: {
            name = system;
            value = "${./ledger.py}"; # needs a python3 of the deployer
          })
          [
            "x86_64-linux"
            "aarch64-linux"
          ]
      );
    };
  };
}
