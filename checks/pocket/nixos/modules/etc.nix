# The files of /etc, gathered in one store path that activation links.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;

  entry =
    {
      name,
      config,
      options,
      ...
    }:
    {
      options = {
        enable = mkOption {
          type = types.bool;
          default = true;
          description = "Whether the file is made.";
        };
        target = mkOption {
          type = types.str;
          default = name;
          description = "Its path below /etc.";
        };
        text = mkOption {
          type = types.nullOr types.lines;
          default = null;
          description = "Its text.";
        };
        source = mkOption {
          type = types.path;
          description = "The file or directory that it is.";
        };
        mode = mkOption {
          type = types.str;
          default = "symlink";
          example = "0600";
          description = "`symlink`, or the permissions of a copy.";
        };
        uid = mkOption {
          type = types.int;
          default = 0;
          description = "The owner of a copy.";
        };
        gid = mkOption {
          type = types.int;
          default = 0;
          description = "The group of a copy.";
        };
        user = mkOption {
          type = types.str;
          default = "+${toString config.uid}";
          description = "The owner of a copy, by name.";
        };
        group = mkOption {
          type = types.str;
          default = "+${toString config.gid}";
          description = "The group of a copy, by name.";
        };
      };
      config = {
        target = lib.mkDefault name;
        source = lib.mkIf (config.text != null) (
          lib.mkDerivedConfig options.text (pkgs.writeText ("etc-" + baseNameOf name))
        );
      };
    };

  enabled = builtins.filter (file: file.enable) (builtins.attrValues config.environment.etc);

  add =
    file:
    let
      quoted = lib.escapeShellArgs [
        "${file.source}"
        file.target
        file.mode
        file.user
        file.group
      ];
    in
    "add ${quoted}\n";
in
{
  options.environment.etc = mkOption {
    type = types.attrsOf (types.submodule entry);
    default = { };
    description = "Files of /etc.";
  };

  # `etc` is what /etc/static points at, `etc-files` is the list by which activation goes.
  config.system.build.etc = pkgs.runCommandLocal "etc" { } (
    ''
      mkdir -p "$out/etc"
      : > "$out/etc-files"
      add() {
        path=$out/etc/$2
        [ -d "''${path%/*}" ] || mkdir -p "''${path%/*}"
        ln -s "$1" "$path"
        printf '%s %s %s %s\n' "$2" "$3" "$4" "$5" >> "$out/etc-files"
      }
    ''
    + lib.concatMapStrings add enabled
  );
}
