# The pocket's little NixOS: what a network may expect of a machine, as `{ expr; expected; }` by sentence.
let
  flake = (import ../pocket/flake.nix).outputs { toolchain = { }; };
  inherit (flake) lib;
  platform = {
    nixpkgs.hostPlatform = "x86_64-linux";
  };
  machine = modules: lib.nixosSystem { modules = [ platform ] ++ modules; };
  configOf = modules: (machine modules).config;
  throws = value: !(builtins.tryEval (builtins.deepSeq value null)).success;
  failedAssertions =
    modules:
    map (entry: entry.message) (
      builtins.filter (entry: !entry.assertion) (configOf modules).assertions
    );
in
{
  "nixosSystem gives what flakes use" = {
    expr = lib.intersectLists [
      "config"
      "options"
      "pkgs"
      "lib"
      "extendModules"
      "type"
      "_module"
    ] (builtins.attrNames (machine [ ]));
    expected = [
      "_module"
      "config"
      "extendModules"
      "lib"
      "options"
      "pkgs"
      "type"
    ];
  };
  "a configuration says that it is one" = {
    expr = [
      (machine [ ])._type
      (machine [ ]).class
    ];
    expected = [
      "configuration"
      "nixos"
    ];
  };
  "an extended machine is a machine" = {
    expr =
      let
        extended = (machine [ { networking.hostName = lib.mkDefault "a"; } ]).extendModules {
          modules = [ { networking.hostName = "b"; } ];
        };
      in
      [
        extended.config.networking.hostName
        extended.pkgs.system
      ];
    expected = [
      "b"
      "x86_64-linux"
    ];
  };
  "special arguments reach modules" = {
    expr =
      (lib.nixosSystem {
        specialArgs.word = "special";
        modules = [
          platform
          ({ word, ... }: { networking.hostName = word; })
        ];
      }).config.networking.hostName;
    expected = "special";
  };
  "the system may be an argument" = {
    expr =
      (lib.nixosSystem {
        system = "aarch64-linux";
        modules = [ ];
      }).pkgs.stdenv.hostPlatform.system;
    expected = "aarch64-linux";
  };
  "the system may be the legacy option" = {
    expr = (lib.nixosSystem { modules = [ { nixpkgs.system = "aarch64-linux"; } ]; }).pkgs.system;
    expected = "aarch64-linux";
  };
  "hostPlatform wins over a default of the legacy option" = {
    expr = (machine [ { nixpkgs.system = lib.mkDefault "aarch64-linux"; } ]).pkgs.system;
    expected = "x86_64-linux";
  };
  "hostPlatform beside the legacy option fails an assertion" = {
    expr = builtins.length (failedAssertions [ { nixpkgs.system = "aarch64-linux"; } ]);
    expected = 1;
  };
  "the priority of the legacy option can be seen" = {
    expr = map (modules: (machine modules).options.nixpkgs.system.highestPrio) [
      [ ]
      [ { nixpkgs.system = "x86_64-linux"; } ]
    ];
    expected = [
      1500
      100
    ];
  };
  "hostPlatform may be a platform" = {
    expr =
      (lib.nixosSystem {
        modules = [ { nixpkgs.hostPlatform = lib.systems.elaborate "aarch64-linux"; } ];
      }).pkgs.stdenv.hostPlatform.isAarch64;
    expected = true;
  };
  "packages may be given" = {
    expr =
      (lib.nixosSystem {
        modules = [
          {
            nixpkgs.pkgs = flake.legacyPackages.x86_64-linux // {
              marked = true;
            };
          }
        ];
      }).pkgs.hello.name;
    expected = "hello";
  };
  "overlays change packages" = {
    expr =
      (machine [ { nixpkgs.overlays = [ (final: previous: { mine = "${previous.hello.name}!"; }) ]; } ])
      .pkgs.mine;
    expected = "hello!";
  };
  "a failed assertion refuses the system with its message" = {
    expr =
      throws
        (configOf [
          {
            assertions = [
              {
                assertion = false;
                message = "no";
              }
            ];
          }
        ]).system.build.toplevel.drvPath;
    expected = true;
  };
  "a failed assertion leaves the rest of the configuration alone" = {
    expr =
      (configOf [
        {
          networking.hostName = "a";
          assertions = [
            {
              assertion = false;
              message = "no";
            }
          ];
        }
      ]).networking.hostName;
    expected = "a";
  };
  "an unknown option is refused" = {
    expr = throws (configOf [ { services.nonsense.enable = true; } ]).networking.hostName;
    expected = true;
  };
  "unknown options may be allowed" = {
    expr =
      (configOf [
        {
          environment.checkConfigurationOptions = false;
          services.nonsense.enable = true;
        }
      ]).networking.hostName;
    expected = "nixos";
  };
  "boot takes what it does not know" = {
    expr =
      (configOf [
        {
          boot.loader.systemd-boot.enable = true;
          boot.kernelModules = [ "kvm" ];
        }
      ]).boot.loader.systemd-boot.enable;
    expected = true;
  };
  "a module may add options to boot" = {
    expr =
      (configOf [
        {
          options.boot.mine = lib.mkOption { default = 3; };
          config.boot.kernelParams = [ "quiet" ];
        }
      ]).boot.mine;
    expected = 3;
  };
  "the firewall's ports are sorted and unique" = {
    expr =
      (configOf [
        { networking.firewall.allowedTCPPorts = [ 80 ]; }
        {
          networking.firewall.allowedTCPPorts = [
            22
            80
          ];
        }
      ]).networking.firewall.allowedTCPPorts;
    expected = [
      22
      80
    ];
  };
  "a file system has no kind unless it is said" = {
    expr =
      throws
        (configOf [ { fileSystems."/".device = "/dev/sda1"; } ]).system.build.toplevel.drvPath;
    expected = true;
  };
  "file systems stand in fstab" = {
    expr =
      (configOf [
        {
          fileSystems."/" = {
            device = "/dev/sda1";
            fsType = "ext4";
          };
        }
      ]).environment.etc.fstab.text;
    expected = "/dev/sda1 / ext4 defaults 0 0\n";
  };
  "sshd opens its ports" = {
    expr =
      (configOf [
        {
          services.openssh.enable = true;
          services.openssh.ports = [ 2222 ];
        }
      ]).networking.firewall.allowedTCPPorts;
    expected = [ 2222 ];
  };
  "a host name must be one" = {
    expr = throws (configOf [ { networking.hostName = "not a name"; } ]).networking.hostName;
    expected = true;
  };
  "the full name needs a domain" = {
    expr = [
      (throws (configOf [ ]).networking.fqdn)
      (configOf [
        {
          networking.hostName = "a";
          networking.domain = "b.c";
        }
      ]).networking.fqdn
    ];
    expected = [
      true
      "a.b.c"
    ];
  };
  "hosts are written with the machine's own name" = {
    expr =
      (configOf [
        {
          networking.hostName = "web";
          networking.hosts."192.0.2.1" = [
            "db"
            "db.example"
          ];
          networking.extraHosts = "192.0.2.2 x";
        }
      ]).environment.etc.hosts.text;
    expected = "127.0.0.1 localhost\n127.0.0.2 web\n192.0.2.1 db db.example\n::1 localhost\n192.0.2.2 x";
  };
  "known hosts are written" = {
    expr =
      (configOf [
        {
          services.openssh.knownHosts.db = {
            extraHostNames = [ "192.0.2.1" ];
            publicKey = "ssh-ed25519 AAAA";
          };
        }
      ]).environment.etc."ssh/ssh_known_hosts".text;
    expected = "db,192.0.2.1 ssh-ed25519 AAAA\n";
  };
  "extraUsers is users" = {
    expr =
      (configOf [ { users.extraUsers.root.openssh.authorizedKeys.keys = [ "ssh-ed25519 AAAA" ]; } ])
      .environment.etc."ssh/authorized_keys.d/root".text;
    expected = "ssh-ed25519 AAAA\n";
  };
  "a user is of a person or of a service" = {
    expr = map (user: builtins.length (failedAssertions [ { users.users.alice = user; } ])) [
      { }
      { isNormalUser = true; }
      { isSystemUser = true; }
    ];
    expected = [
      1
      0
      0
    ];
  };
  "activation scripts may be texts" = {
    expr = (configOf [ { system.activationScripts.a = "true"; } ]).system.activationScripts.a;
    expected = {
      text = "true";
      deps = [ ];
      supportsDryActivation = false;
    };
  };
  "files of /etc may be switched off" = {
    expr =
      (configOf [
        {
          environment.etc.a.text = "a";
          environment.etc.a.enable = false;
        }
      ]).environment.etc.a.enable;
    expected = false;
  };
  "settings of a unit given twice are joined where they are lists" = {
    expr =
      (configOf [
        { systemd.services.a.serviceConfig.ExecStart = [ "x" ]; }
        { systemd.services.a.serviceConfig.ExecStart = [ "y" ]; }
      ]).systemd.services.a.serviceConfig.ExecStart;
    expected = [
      "x"
      "y"
    ];
  };
  "settings of a unit given twice conflict where they are not" = {
    expr =
      throws
        (configOf [
          { systemd.services.a.serviceConfig.Type = "x"; }
          { systemd.services.a.serviceConfig.Type = "y"; }
        ]).systemd.services.a.serviceConfig.Type;
    expected = true;
  };
  "units that come after each other are refused" = {
    expr =
      throws
        (configOf [
          {
            systemd.services.a = {
              wantedBy = [ "multi-user.target" ];
              after = [ "b.service" ];
              script = "true";
            };
            systemd.services.b = {
              wantedBy = [ "multi-user.target" ];
              after = [ "a.service" ];
              script = "true";
            };
          }
        ]).system.build.toplevel.drvPath;
    expected = true;
  };
  "the name of the system is that of the host" = {
    expr = (configOf [ { networking.hostName = "web"; } ]).system.build.toplevel.name;
    expected = "nixos-system-web-${lib.version}";
  };
  "the label has the tags" = {
    expr =
      (configOf [
        {
          system.nixos.tags = [
            "b"
            "a"
          ];
        }
      ]).system.nixos.label;
    expected = "a-b-${lib.version}";
  };
  "machines that say the same are the same" = {
    expr =
      (configOf [ { networking.hostName = "web"; } ]).system.build.toplevel.drvPath == (configOf [
        {
          networking = {
            hostName = "web";
          };
        }
      ]).system.build.toplevel.drvPath;
    expected = true;
  };
  "classic networks evaluate by path" = {
    expr =
      let
        pkgs = import ../pocket { system = "x86_64-linux"; };
      in
      (import (pkgs.path + "/nixos/lib/eval-config.nix") {
        system = "x86_64-linux";
        modules = [ { networking.hostName = "classic"; } ];
      }).config.networking.hostName;
    expected = "classic";
  };
  "a classic machine may say its platform" = {
    expr =
      (import ../pocket/nixos/lib/eval-config.nix {
        system = "x86_64-linux";
        modules = [ { nixpkgs.hostPlatform = "aarch64-linux"; } ];
      }).pkgs.system;
    expected = "aarch64-linux";
  };
  "a configuration file evaluates as one" = {
    expr =
      (import ../pocket/nixos {
        system = "x86_64-linux";
        configuration.networking.hostName = "one";
      }).config.networking.hostName;
    expected = "one";
  };
  "the flake names its packages" = {
    expr = builtins.attrNames flake.packages.x86_64-linux;
    expected = [
      "default"
      "hello"
    ];
  };
}
