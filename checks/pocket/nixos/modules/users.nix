# Users, groups and the keys that let them in. No account is created: see the README.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;

  user =
    { name, config, ... }:
    {
      freeformType = types.attrsOf types.anything;
      options = {
        name = mkOption {
          type = types.passwdEntry types.str;
          default = name;
          description = "The name of the account.";
        };
        description = mkOption {
          type = types.passwdEntry types.str;
          default = "";
          description = "Whose account it is.";
        };
        uid = mkOption {
          type = types.nullOr types.int;
          default = null;
          description = "The number of the user.";
        };
        isSystemUser = mkOption {
          type = types.bool;
          default = false;
          description = "Whether it is the account of a service.";
        };
        isNormalUser = mkOption {
          type = types.bool;
          default = false;
          description = "Whether it is the account of a person.";
        };
        group = mkOption {
          type = types.str;
          default = "";
          description = "The primary group.";
        };
        extraGroups = mkOption {
          type = types.listOf types.str;
          default = [ ];
          description = "Further groups.";
        };
        home = mkOption {
          type = types.path;
          default = if config.isNormalUser then "/home/${config.name}" else "/var/empty";
          description = "The home directory.";
        };
        packages = mkOption {
          type = types.listOf types.package;
          default = [ ];
          description = "Packages of the user.";
        };
        openssh.authorizedKeys = {
          keys = mkOption {
            type = types.listOf types.singleLineStr;
            default = [ ];
            description = "Public keys that may log in.";
          };
          keyFiles = mkOption {
            type = types.listOf types.path;
            default = [ ];
            description = "Files with such keys.";
          };
        };
      };
    };

  group =
    { name, ... }:
    {
      freeformType = types.attrsOf types.anything;
      options = {
        name = mkOption {
          type = types.passwdEntry types.str;
          default = name;
          description = "The name of the group.";
        };
        gid = mkOption {
          type = types.nullOr types.int;
          default = null;
          description = "The number of the group.";
        };
        members = mkOption {
          type = types.listOf types.str;
          default = [ ];
          description = "Its members.";
        };
      };
    };

  keysOf =
    user: user.openssh.authorizedKeys.keys ++ map lib.fileContents user.openssh.authorizedKeys.keyFiles;
in
{
  imports = [
    (lib.mkAliasOptionModule [ "users" "extraUsers" ] [ "users" "users" ])
    (lib.mkAliasOptionModule [ "users" "extraGroups" ] [ "users" "groups" ])
  ];

  options.users = {
    mutableUsers = mkOption {
      type = types.bool;
      default = true;
      description = "Whether accounts may be changed on the machine.";
    };
    defaultUserShell = mkOption {
      type = types.either types.path types.package;
      default = "/bin/sh";
      description = "The shell of users.";
    };
    users = mkOption {
      type = types.attrsOf (types.submodule user);
      default = { };
      description = "The users.";
    };
    groups = mkOption {
      type = types.attrsOf (types.submodule group);
      default = { };
      description = "The groups.";
    };
  };

  config = {
    users.users.root = {
      uid = 0;
      group = "root";
      home = "/root";
      description = "System administrator";
    };
    users.groups = {
      root.gid = 0;
      wheel.gid = 1;
      keys.gid = 96;
    };

    assertions = map (user: {
      assertion = user.uid == 0 || user.isSystemUser != user.isNormalUser;
      message = "Exactly one of users.users.${user.name}.isSystemUser and users.users.${user.name}.isNormalUser must be set.";
    }) (builtins.attrValues config.users.users);

    # Copies: sshd does not read keys through a link that it does not trust.
    environment.etc = lib.mkMerge (
      map (
        user:
        lib.mkIf (keysOf user != [ ]) {
          "ssh/authorized_keys.d/${user.name}" = {
            text = lib.concatLines (keysOf user);
            mode = "0444";
          };
        }
      ) (builtins.attrValues config.users.users)
    );

    system.activationScripts = {
      users = lib.stringAfter [ "specialfs" ] ''
        for directory in root home; do
          [ -d "$root/$directory" ] || mkdir -p "$root/$directory"
        done
      '';
      groups = lib.stringAfter [ "users" ] "";
    };
  };
}
