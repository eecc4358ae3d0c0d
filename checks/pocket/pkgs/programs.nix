# Programs. `hello` is real; the others stand for a program of the host and call it.
{ lib, pkgs }:
let
  inherit (pkgs) runCommandLocal writeShellScriptBin;

  # A package whose programs are those of the host that runs them. Its name says so, and the programs
  # know each other by it.
  ofTheHost =
    pname: version: programs:
    runCommandLocal "${pname}-${version}-pocket"
      {
        inherit programs;
        meta.mainProgram = builtins.head programs;
        passthru = { inherit pname version; };
      }
      ''
        mkdir -p "$out/bin"
        scripts=
        for program in $programs; do
          sed "s|@program@|$program|g" ${./program-of-the-host.sh} > "$out/bin/$program"
          scripts="$scripts $out/bin/$program"
        done
        [ -z "$scripts" ] || chmod +x $scripts
      '';

  # The same by links where programs are at the usual place: hosts start these all the time.
  linkedOfTheHost =
    pname: version: programs:
    (ofTheHost pname version programs).overrideAttrs (given: {
      buildCommand = ''
        usual=
        others=
        for program in $programs; do
          if [ -x "/usr/bin/$program" ]; then usual="$usual /usr/bin/$program"; else others="$others $program"; fi
        done
        programs=$others
        ${given.buildCommand}
        [ -z "$usual" ] || ln -s $usual "$out/bin"
      '';
    });

  hello = writeShellScriptBin "hello" ''
    greeting="Hello, world!"
    while [ $# -gt 0 ]; do
      case "$1" in
        -g|--greeting) greeting=$2; shift ;;
        --greeting=*) greeting=''${1#--greeting=} ;;
        --version) echo "hello (pocket) 2.12"; exit 0 ;;
        *) echo "hello: unknown option $1" >&2; exit 1 ;;
      esac
      shift
    done
    echo "$greeting"
  '';
in
{
  hello = hello // {
    pname = "hello";
    version = "2.12";
  };

  bash =
    ofTheHost "bash" "5.2" [
      "bash"
      "sh"
    ]
    // {
      shellPath = "/bin/bash";
    };
  bashInteractive = pkgs.bash;
  runtimeShellPackage = pkgs.bash;
  coreutils = linkedOfTheHost "coreutils" "9.5" [
    "cat"
    "chmod"
    "chown"
    "cp"
    "date"
    "echo"
    "ln"
    "ls"
    "mkdir"
    "mv"
    "rm"
    "sleep"
    "stat"
    "touch"
  ];
  gnugrep = ofTheHost "gnugrep" "3.11" [ "grep" ];
  gnused = ofTheHost "gnused" "4.9" [ "sed" ];
  gawk = ofTheHost "gawk" "5.3" [ "awk" ];
  findutils = ofTheHost "findutils" "4.10" [
    "find"
    "xargs"
  ];
  util-linux = ofTheHost "util-linux" "2.40" [
    "mount"
    "umount"
    "mountpoint"
    "flock"
  ];
  inotify-tools = ofTheHost "inotify-tools" "4.23" [
    "inotifywait"
    "inotifywatch"
  ];
  openssh = ofTheHost "openssh" "9.9" [
    "ssh"
    "scp"
    "ssh-keygen"
    "ssh-keyscan"
    "sshd"
  ];
  git = ofTheHost "git" "2.47" [ "git" ];
  nix = ofTheHost "nix" "2.8" [
    "nix"
    "nix-env"
    "nix-store"
    "nix-build"
    "nix-instantiate"
  ];
  nixVersions.stable = pkgs.nix;
  curl = ofTheHost "curl" "8.11" [ "curl" ];
  rsync = ofTheHost "rsync" "3.3" [ "rsync" ];
  jq = ofTheHost "jq" "1.7" [ "jq" ];
  sudo = ofTheHost "sudo" "1.9" [ "sudo" ];
  iproute2 = ofTheHost "iproute2" "6.11" [
    "ip"
    "ss"
  ];
  iptables = ofTheHost "iptables" "1.8" [ "iptables" ];
  strace = ofTheHost "strace" "6.11" [ "strace" ];
  nixfmt = ofTheHost "nixfmt" "1.0" [ "nixfmt" ];
  nixfmt-rfc-style = pkgs.nixfmt;
  sqlite = ofTheHost "sqlite" "3.46" [ "sqlite3" ];
  # Its interface version decides whether a running system can switch without a reboot.
  systemd =
    runCommandLocal "systemd-256-pocket"
      {
        passthru = {
          pname = "systemd";
          version = "256";
        };
      }
      ''
        mkdir -p "$out/bin"
        ln -s ${ofTheHost "journal" "256" [ "journalctl" ]}/bin/journalctl "$out/bin"
        sed "s|@program@|systemctl|g; 1r ${./units-without-systemd.sh}" ${./program-of-the-host.sh} \
          > "$out/bin/systemctl"
        chmod +x "$out/bin/systemctl"
      ''
    // {
      interfaceVersion = 2;
    };
}
