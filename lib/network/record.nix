/**
  The record of a machine: what the binary needs to know of it.

  `options` has the shape of `info.machines.<name>` in NixOps 2, with what plugins export of the
  machine; where both have a name, ours counts. The content of a key is left out.
*/
{
  exportsOf ? _config: { },
  isAwaited ?
    _type: _name: _attribute:
    false,
  isUsers ? _file: false,
  lib,
}:

let
  release =
    system:
    system.nixos.release
      or (system.nixosRelease or (lib.removeSuffix system.nixosVersionSuffix system.nixosVersion));

  sources = {
    text = key: {
      source = "text";
      literal = !lib.hasInfix "<nixops:" key.text;
    };
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
        persist
        user
        ;
    }
    // sourceOf machine name key;

  probes = {
    command = command: { inherit command; };
    http = http: { inherit (http) status url; };
    tcp = tcp: { inherit (tcp) host port; };
    unit = unit: { inherit unit; };
  };

  probeOf =
    machine: name: check:
    let
      present = lib.filter (kind: check.${kind} != null) (lib.attrNames probes);
      kind = lib.head present;
    in
    if lib.length present != 1 then
      throw "deployment.healthChecks.${name} of machine ${machine} must have exactly one of `command', `http', `tcp' and `unit', but has ${
        if present == [ ] then "none" else lib.concatStringsSep " and " present
      }"
    else if check.command == [ ] then
      throw "deployment.healthChecks.${name}.command of machine ${machine} has no program"
    else if kind == "unit" && check.from != "host" then
      throw "deployment.healthChecks.${name} of machine ${machine} is about a unit, which only the machine itself can see: leave out `from'"
    else
      { inherit kind; } // probes.${kind} check.${kind};

  checkRecord =
    machine: name: check:
    {
      inherit (check)
        from
        interval
        retries
        timeout
        ;
    }
    // probeOf machine name check;

  # Of a machine or resource; nothing where all is as by default.
  lifecycleOf =
    config:
    let
      lifecycle = config.deployment.lifecycle or null;
    in
    if lifecycle == null then { } else lifecycle;

  core = machine: config: {
    # One that throws spoils the system, and nothing that can be said without it.
    hostName =
      let
        hostName = builtins.tryEval config.networking.hostName;
      in
      if hostName.success then hostName.value else "";
    inherit (config.deployment)
      allowLocalDeployment
      alwaysActivate
      buildOnTarget
      copyProtocol
      hasFastConnection
      owners
      privilegeEscalationCommand
      provisionSSHKey
      rollback
      sshOptions
      substituteOnDestination
      tags
      targetEnv
      targetHost
      targetPort
      targetUser
      ;
    # To build the system of a machine that is yet to be made, nobody need know where it will be.
    publicIPv4 =
      if isAwaited config.deployment.targetEnv machine "publicIPv4" then
        null
      else
        config.networking.publicIPv4;
    lifecycle = lifecycleOf config;
    healthChecks = lib.mapAttrs (checkRecord machine) config.deployment.healthChecks;
    keys = lib.mapAttrs (keyRecord machine) config.deployment.keys;
    nixosRelease = release config.system;
  };

  filesOf =
    option: lib.concatMap (option: option.files or [ ]) (lib.collect (lib.hasAttr "files") option);
in
{
  inherit lifecycleOf;

  /**
    The texts of a machine's keys by name, for who sends them. They are no part of any record.
  */
  keyTexts =
    config:
    lib.mapAttrs (_: key: key.text) (lib.filterAttrs (_: key: key.text != null) config.deployment.keys);

  options = machine: config: exportsOf config // core machine config;

  /**
    The user's files that say how the machine is provided and reached, from its options and record.
  */
  files =
    options: record:
    let
      told = lib.filter (name: options.deployment ? ${name} && record.${name} != { }) (
        lib.attrNames record
      );
    in
    lib.unique (lib.filter isUsers (lib.concatMap (name: filesOf options.deployment.${name}) told));

  system = config: {
    drv = config.system.build.toplevel.drvPath;
    out = config.system.build.toplevel.outPath;
  };
}
