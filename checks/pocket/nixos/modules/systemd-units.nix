# Unit files, the script of each service, and the table by which units are started.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.systemd;

  show =
    value:
    if value == true then
      "yes"
    else if value == false then
      "no"
    else
      toString value;
  lines =
    settings:
    lib.concatStrings (
      lib.concatLists (
        lib.mapAttrsToList (
          name: value: map (item: "${name}=${show item}\n") (lib.remove null (lib.toList value))
        ) settings
      )
    );
  unitSection =
    unit:
    "[Unit]\n"
    + lib.optionalString (unit.description != "") "Description=${unit.description}\n"
    + lib.concatStrings (
      lib.mapAttrsToList
        (key: values: lib.optionalString (values != [ ]) "${key}=${lib.concatStringsSep " " values}\n")
        {
          After = unit.after;
          Before = unit.before;
          BindsTo = unit.bindsTo;
          Conflicts = unit.conflicts;
          OnFailure = unit.onFailure;
          PartOf = unit.partOf;
          Requires = unit.requires;
          Wants = unit.wants;
        }
    )
    + lines unit.unitConfig;

  environmentOf =
    unit: lib.filterAttrs (_: value: value != null) (cfg.globalEnvironment // unit.environment);

  scriptOf =
    stage: name: unit: text:
    pkgs.writeShellScript "unit-script-${name}-${stage}" (
      ''
        set -e
        PATH=${
          lib.concatMapStrings (package: "${package}/bin:") unit.path
        }''${PATH:-/usr/sbin:/usr/bin:/sbin:/bin}
        export PATH
      ''
      + lib.concatStrings (
        lib.mapAttrsToList (key: value: "export ${key}=${lib.escapeShellArg "${value}"}\n") (
          environmentOf unit
        )
      )
      + text
    );

  # What running the service once means where a shell does it: what comes before, the commands, what comes after.
  startScript =
    name: unit:
    scriptOf "start" name unit (unit.preStart + "\n" + commandsOf unit + "\n" + unit.postStart);

  # The same for systemd, to which a service is active only between what comes before and what comes after.
  stages =
    name: unit:
    let
      stage =
        setting: word: text:
        lib.optionalString (text != "") "${setting}=${scriptOf word name unit text}\n";
    in
    if unit.preStart + unit.postStart == "" then
      "ExecStart=${startScript name unit}\n"
    else
      stage "ExecStartPre" "pre-start" unit.preStart
      + stage "ExecStart" "main" (commandsOf unit)
      + stage "ExecStartPost" "post-start" unit.postStart;

  commandsOf =
    unit:
    if unit.script != "" then
      unit.script
    else
      lib.concatMapStringsSep "\n" commandLine (lib.toList (unit.serviceConfig.ExecStart or [ ]));

  # Prefixes of a command: `-` lets it fail, the others are about privileges.
  commandLine =
    command:
    let
      parts = builtins.match "([-@+!:|]*)(.*)" (toString command);
    in
    builtins.elemAt parts 1 + lib.optionalString (lib.hasInfix "-" (builtins.head parts)) " || :";

  serviceText =
    name: unit:
    unitSection unit
    + "\n[Service]\n"
    + lib.concatStrings (
      lib.mapAttrsToList (key: value: "Environment=${builtins.toJSON "${key}=${value}"}\n") (
        environmentOf unit
      )
    )
    + stages name unit
    + lines (removeAttrs unit.serviceConfig [ "ExecStart" ])
    + lib.optionalString (
      unit.restartTriggers != [ ]
    ) "X-Restart-Triggers=${toString unit.restartTriggers}\n";

  otherText =
    title: section: _: unit:
    unitSection unit + lib.optionalString (section != null) "\n[${title}]\n${lines unit.${section}}";

  enabled = lib.filterAttrs (_: unit: unit.enable);
  files =
    suffix: textOf:
    lib.mapAttrs' (
      name: unit:
      lib.nameValuePair "${name}.${suffix}" {
        inherit name unit;
        file = pkgs.writeText "unit-${lib.strings.sanitizeDerivationName name}.${suffix}" (
          textOf name unit
        );
      }
    );

  services = files "service" serviceText (enabled cfg.services);
  units =
    services
    // files "target" (otherText "Target" null) (enabled cfg.targets)
    // files "timer" (otherText "Timer" "timerConfig") (enabled cfg.timers)
    // files "socket" (otherText "Socket" "socketConfig") (enabled cfg.sockets)
    // files "path" (otherText "Path" "pathConfig") (enabled cfg.paths)
    // files "slice" (otherText "Slice" "sliceConfig") (enabled cfg.slices);

  # `x.target.wants/y.service`, as systemd finds what a target wants.
  wanted =
    attribute: directory:
    lib.concatLists (
      lib.mapAttrsToList (
        name: entry:
        map (by: {
          name = "${by}.${directory}/${name}";
          path = entry.file;
        }) entry.unit.${attribute}
      ) units
    );

  # Those that a running machine has, each after what it comes after.
  started = lib.filterAttrs (
    _: entry: builtins.elem "multi-user.target" entry.unit.wantedBy
  ) services;
  precedes =
    a: b: builtins.elem a started.${b}.unit.after || builtins.elem b started.${a}.unit.before;
  order = lib.toposort precedes (builtins.attrNames started);
  orderedNames =
    order.result or (throw "systemd: these units come after each other: ${toString order.cycle}");

  row =
    name:
    let
      entry = started.${name};
      inherit (entry.unit) serviceConfig;
      type = serviceConfig.Type or "simple";
      remains = if serviceConfig.RemainAfterExit or false == true then "remains" else "ends";
      ifChanged = if entry.unit.restartIfChanged then "restart" else "keep";
    in
    "${name} ${type} ${remains} ${ifChanged} ${entry.file} ${startScript entry.name entry.unit}\n";
in
{
  config = {
    systemd.package = lib.mkDefault pkgs.systemd;

    systemd.targets = {
      multi-user.description = "Multi-User System";
      multi-user.wants = [ "network.target" ];
      network.description = "Network";
      keys.description = "Security Keys";
    };

    environment.etc."systemd/system".source = pkgs.linkFarm "system-units" (
      lib.mapAttrsToList (name: entry: {
        inherit name;
        path = entry.file;
      }) units
      ++ wanted "wantedBy" "wants"
      ++ wanted "requiredBy" "requires"
    );

    system.build.unitTable = pkgs.writeText "unit-table" (lib.concatMapStrings row orderedNames);
  };
}
