{
  attrNames,
  fails,
  nixpkgs,
  web,
  ...
}:
let
  record = import ../../../lib/network/record.nix { inherit (nixpkgs) lib; };
in
{
  "a record has the names of NixOps 2 and ours" = {
    expr = attrNames (record.options "web" (web { }));
    expected = [
      "allowLocalDeployment"
      "alwaysActivate"
      "buildOnTarget"
      "copyProtocol"
      "hasFastConnection"
      "healthChecks"
      "hostName"
      "keys"
      "lifecycle"
      "nixosRelease"
      "owners"
      "privilegeEscalationCommand"
      "provisionSSHKey"
      "publicIPv4"
      "rollback"
      "sshOptions"
      "substituteOnDestination"
      "tags"
      "targetEnv"
      "targetHost"
      "targetPort"
      "targetUser"
    ];
  };

  "a connection of which nothing is said asks the caches" = {
    expr = (record.options "web" (web { })).substituteOnDestination;
    expected = true;
  };
  "a fast connection asks no cache" = {
    expr =
      (record.options "web" (web {
        deployment.hasFastConnection = true;
      })).substituteOnDestination;
    expected = false;
  };

  "a port out of range is refused" = {
    expr =
      fails
        (record.options "web" (web {
          deployment.targetPort = 70000;
        })).targetPort;
    expected = true;
  };
}
