# A network that uses the plugin of templates/plugin-rust, for ./check.
{
  description = "Notes on a board";

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";

    nixops.url = "github:NixOS/nixops";
    nixops.inputs.nixpkgs.follows = "nixpkgs";

    noteboard.url = "git+https://example.org/noteboard";
    noteboard.inputs.nixops.follows = "nixops";
    noteboard.inputs.nixpkgs.follows = "nixpkgs";
  };

  outputs =
    { nixpkgs, ... }:
    {
      nixopsConfigurations.default = {
        inherit nixpkgs;

        resources.notes.first = {
          text = "Buy milk";
          author = "Ada";
        };
      };
    };
}
