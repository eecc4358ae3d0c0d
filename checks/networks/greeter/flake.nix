# A network that uses the plugin of templates/plugin, for ./check: the machine is a host of the rig.
{
  description = "A machine that greets";

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";
    greeter.url = "git+https://example.org/greeter";
  };

  outputs =
    { nixpkgs, ... }:
    {
      nixopsConfigurations.default = {
        inherit nixpkgs;

        resources.greetings.welcome = {
          text = "welcome aboard";
          audience = [ "Sailors" ];
        };

        web = {
          imports = [ (import ./hosts.nix).web ];
          system.stateVersion = "26.05";
          services.openssh.enable = true;
          deployment.greeting = "welcome";
        };
      };
    };
}
