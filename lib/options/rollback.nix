# When a machine goes back to what ran before a deploy.
{ lib, ... }:
let
  inherit (lib) mkOption types;
in
{
  options.deployment.rollback = {
    enable = mkOption {
      type = types.bool;
      default = true;
      description = ''
        Whether the machine goes back to what ran before, by itself, where the new system fails or is
        not confirmed. Until it is confirmed the new system only runs for a trial: a reboot is a way
        back, too.
      '';
    };

    timeout = mkOption {
      type = types.ints.positive;
      default = 60;
      description = ''
        Seconds within which the new system has to be confirmed, over a new connection that it lets
        in. They begin when it runs, and begin anew as long as the deployer is checking its health or
        waiting for other machines.
      '';
    };

    activationTimeout = mkOption {
      type = types.ints.positive;
      default = 600;
      description = "Seconds that taking up the new system may take.";
    };

    onFailedUnits = mkOption {
      type = types.bool;
      default = false;
      description = ''
        Whether the machine goes back where units of the new system fail, too. Without it such a system
        stays, and the deploy ends with exit code 4.
      '';
    };
  };
}
