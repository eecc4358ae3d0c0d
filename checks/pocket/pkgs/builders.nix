# Builders over plain `derivation`: /bin/sh and the programs of the building host.
{ lib, buildSystem }:
let
  # Nothing here is in any cache, and most of it is built faster than copied.
  defaults = {
    system = buildSystem;
    builder = "/bin/sh";
    PATH = "/usr/bin:/bin";
    allowSubstitutes = false;
    preferLocalBuild = true;
  };

  # Attributes that describe a package and are no part of its build.
  notEnvironment = [
    "meta"
    "passthru"
    "pos"
  ];

  # `change` is an attrset, a function of the old arguments, or one of the new and the old.
  changed =
    change: old:
    let
      new = old // given;
      once = if builtins.isFunction change then change old else change;
      given = if builtins.isFunction once then change new old else once;
    in
    new;

  decorate =
    make: arguments: package:
    package
    // (arguments.passthru or { })
    // {
      meta = arguments.meta or { };
      passthru = arguments.passthru or { };
      overrideAttrs = change: make (changed change arguments);
    };

  # Runs `buildCommand` with `$out` set; any failing command fails the build.
  runScript =
    arguments:
    decorate runScript arguments (
      derivation (
        defaults
        // {
          args = [
            "-e"
            "-c"
            ". \"$buildCommandPath\""
          ];
          passAsFile = [ "buildCommand" ] ++ arguments.passAsFile or [ ];
        }
        // removeAttrs arguments (notEnvironment ++ [ "passAsFile" ])
      )
    );

  runCommand =
    name: environment: buildCommand:
    runScript (
      {
        inherit name buildCommand;
      }
      // environment
    );

  # The phases of a small stdenv, each overridable, with hooks before and after.
  phases = [
    "unpack"
    "patch"
    "configure"
    "build"
    "check"
    "install"
    "fixup"
  ];
  defaultPhases = {
    unpack = ''
      if [ -n "''${src:-}" ]; then
        if [ -d "$src" ]; then cp -r "$src" source; else mkdir source && tar -xf "$src" -C source --strip-components=1; fi
        chmod -R u+w source
        cd "source/''${sourceRoot:-.}"
      fi
    '';
    build = "if [ -f Makefile ]; then make $makeFlags; fi";
    install = "if [ -f Makefile ]; then make install PREFIX=\"$out\" $makeFlags; fi";
  };
  mkDerivation =
    given:
    let
      arguments = if builtins.isFunction given then lib.fix given else given;
      name = arguments.name or "${arguments.pname}-${arguments.version or "0"}";
      skipped =
        phase:
        arguments."dont${lib.toSentenceCase phase}" or (phase == "check" && !(arguments.doCheck or false));
      textOf =
        phase:
        lib.concatStringsSep "\n" [
          (arguments."pre${lib.toSentenceCase phase}" or "")
          (arguments."${phase}Phase" or defaultPhases.${phase} or "")
          (arguments."post${lib.toSentenceCase phase}" or "")
        ];
      inputs = arguments.nativeBuildInputs or [ ] ++ arguments.buildInputs or [ ];
      built = runScript (
        {
          inherit name;
          makeFlags = arguments.makeFlags or "";
          buildCommand =
            arguments.buildCommand
              or (lib.concatMapStringsSep "\n" textOf (builtins.filter (phase: !(skipped phase)) phases));
          PATH = lib.concatStringsSep ":" (map (input: "${input}/bin") inputs ++ [ defaults.PATH ]);
        }
        // removeAttrs arguments (map (phase: "${phase}Phase") phases)
      );
    in
    built
    // {
      overrideAttrs = change: mkDerivation (changed change arguments);
    };
in
{
  inherit runCommand;
  runCommandLocal = runCommand;
  runCommandCC = runCommand;
  stdenv = {
    inherit mkDerivation;
    shell = defaults.builder;
  };

  # A shell for `nix develop`, which wants bash as the builder: the programs of its packages come before
  # those of the host.
  mkShell =
    {
      name ? "shell",
      packages ? [ ],
      nativeBuildInputs ? [ ],
      buildInputs ? [ ],
      inputsFrom ? [ ],
      shellHook ? "",
      ...
    }@arguments:
    runScript (
      removeAttrs arguments [
        "packages"
        "inputsFrom"
      ]
      // {
        inherit name shellHook;
        builder = "/bin/bash";
        # `nix develop` looks for this variable.
        outputs = [ "out" ];
        PATH = lib.concatStringsSep ":" (
          map (package: "${package}/bin") (packages ++ nativeBuildInputs ++ buildInputs) ++ [ defaults.PATH ]
        );
        buildCommand = "echo 'a shell is entered, not built' > $out";
      }
    );
}
