# Where the machines are: each is a server of NeatCloud, made when it is deployed.
let
  server =
    { resources, ... }:
    {
      deployment.targetEnv = "neatcloud";
      deployment.neatcloud.sshKeys = [ resources.neatcloudSshKeys.me ];
    };
in
{
  web.imports = [
    server
    { deployment.neatcloud.size = "medium"; }
  ];
  db.imports = [ server ];
}
