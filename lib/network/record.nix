/**
  The record of a machine: what the binary needs to know of it.

  `options` has the shape of `info.machines.<name>` in NixOps 2. The content of a key is left out.
*/
{ lib }:

let
  release =
    system:
    system.nixos.release
      or (system.nixosRelease or (lib.removeSuffix system.nixosVersionSuffix system.nixosVersion));

  sources = {
    text = _: { source = "text"; };
    keyFile = key: {
      source = "file";
      inherit (key) keyFile;
    };
    keyCommand = key: {
      source = "command";
      inherit (key) keyCommand;
    };
  };

  sourceOf =
    machine: name: key:
    let
      present = lib.filter (source: key.${source} != null) (lib.attrNames sources);
    in
    if lib.length present == 1 then
      sources.${lib.head present} key
    else
      throw "deployment.keys.${name} of machine ${machine} must have exactly one of `text', `keyFile' and `keyCommand', but has ${
        if present == [ ] then "none" else lib.concatStringsSep " and " present
      }";

  keyRecord =
    machine: name: key:
    {
      inherit (key)
        destDir
        group
        name
        path
        permissions
        user
        ;
    }
    // sourceOf machine name key;
in
rec {
  options = machine: config: {
    inherit (config.deployment)
      alwaysActivate
      buildOnTarget
      copyProtocol
      hasFastConnection
      owners
      privilegeEscalationCommand
      provisionSSHKey
      sshOptions
      substituteOnDestination
      tags
      targetEnv
      targetHost
      targetPort
      targetUser
      ;
    inherit (config.networking) publicIPv4;
    keys = lib.mapAttrs (keyRecord machine) config.deployment.keys;
    nixosRelease = release config.system;
  };

  system = config: {
    drv = config.system.build.toplevel.drvPath;
    out = config.system.build.toplevel.outPath;
  };
}
