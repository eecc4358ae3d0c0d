{
  description = "A plugin for NixOps";

  # Whoever uses the plugin has a nixpkgs already: the modules in ./nix get its `lib`.
  inputs = { };

  outputs = _inputs: {
    # What `nixops` looks for in the inputs of a network's flake. That is the whole packaging: the
    # lock file of the network pins the plugin, and nothing has to be installed.
    nixopsPlugin = {
      name = "greeter";
      version = "0.1.0";

      # Directories whose `default.nix` brings options, resources and exporters.
      nixexprs = [ ./nix ];

      # JSON Schemas, one a type: values are held to them before anything is done.
      schemas = ./schemas;
    };
  };
}
