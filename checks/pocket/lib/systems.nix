# The two systems of the pocket.
{ lib }:
let
  known = {
    x86_64-linux = {
      cpu = "x86_64";
      linuxArch = "x86_64";
    };
    aarch64-linux = {
      cpu = "aarch64";
      linuxArch = "arm64";
    };
  };
in
{
  doubles = {
    all = builtins.attrNames known;
    linux = builtins.attrNames known;
    unix = builtins.attrNames known;
    x86_64 = [ "x86_64-linux" ];
    aarch64 = [ "aarch64-linux" ];
    darwin = [ ];
  };
  flakeExposed = builtins.attrNames known;

  # A platform from its double, or from a platform already elaborated.
  elaborate =
    given:
    let
      system = if builtins.isString given then given else given.system;
      facts =
        known.${system}
          or (throw "the pocket knows the systems ${lib.concatStringsSep ", " (builtins.attrNames known)}, not ${system}");
    in
    {
      inherit system;
      inherit (facts) linuxArch;
      config = "${facts.cpu}-unknown-linux-gnu";
      parsed = {
        cpu.name = facts.cpu;
        kernel.name = "linux";
        _type = "system";
      };
      isLinux = true;
      isUnix = true;
      isDarwin = false;
      is64bit = true;
      isx86 = facts.cpu == "x86_64";
      isx86_64 = facts.cpu == "x86_64";
      isAarch = facts.cpu == "aarch64";
      isAarch64 = facts.cpu == "aarch64";
      isStatic = false;
      isMusl = false;
      emulatorAvailable = _: false;
      canExecute = other: other.system == system;
      extensions = {
        executable = "";
        sharedLibrary = ".so";
      };
    }
    // (if builtins.isAttrs given then given else { });
  equals = a: b: a.system == b.system;
}
