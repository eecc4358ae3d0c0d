# What `check` and `demo` share: the tools that they need, and throw-away hosts.
# Sourced, with `repository` set. Installs on Debian as root; elsewhere it names
# what is missing. Nothing here touches /nix or a nix.conf: Nix runs in the rig.
# shellcheck shell=bash

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
  bold=$'\e[1m' red=$'\e[31m' green=$'\e[32m' plain=$'\e[0m'
else
  bold='' red='' green='' plain=''
fi

heading() { printf '\n%s── %s%s\n' "$bold" "$*" "$plain"; }
say() { printf '%s\n' "$*"; }
fail() {
  printf '%serror%s: %s\n' "$red" "$plain" "$1" >&2
  [ $# -lt 2 ] || printf 'hint: %s\n' "$2" >&2
  exit 1
}

# The tools, and the Debian packages that have them.
declare -A package_of=(
  [nix]=nix-bin [sshd]=openssh-server [ssh]=openssh-client [git]=git [cc]="gcc libc6-dev"
  [zsh]=zsh [fish]=fish [python3]=python3 [ld]=binutils [sudo]=sudo [doas]=opendoas [faketime]=faketime [pkaction]=polkitd [strace]=strace [unshare]=util-linux [curl]=curl [tar]=tar [gzip]=gzip [awk]=mawk
)

# Whether a program is there; sshd is in no ordinary user's PATH. A compiler without a C library to
# link with is none.
has() {
  PATH=$PATH:/usr/sbin:/sbin command -v "$1" > /dev/null || return 1
  [ "$1" != cc ] || echo 'int main(void) { return 0; }' | cc -x c - -o /dev/null 2> /dev/null
}

on_debian_as_root() { [ -e /etc/debian_version ] && [ "$(id -u)" = 0 ]; }

# Installs those of the tools $* that are missing.
need_tools() {
  local tool missing=() packages=()
  for tool in "$@"; do
    has "$tool" || { missing+=("$tool") && packages+=(${package_of[$tool]}); }
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  on_debian_as_root || fail "missing: ${missing[*]}" \
    "on Debian: sudo apt-get install ${packages[*]}; elsewhere the packages of the same programs"
  say "Installing ${packages[*]}"
  apt_install "${packages[@]}" || fail "apt-get could not install ${packages[*]}"
}

# The same for tools that only some tests want, which say so where one is missing.
want_tools() {
  ! on_debian_as_root || need_tools "$@" || true
}

# Only the programs are wanted: their services are not started now, neither by systemd nor by
# other inits. Another apt-get is waited for.
apt_install() {
  local log
  log=$(mktemp)
  if ! {
    apt-get update --quiet=2 &&
      SYSTEMD_OFFLINE=1 RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install --quiet=2 --yes \
        --option DPkg::Lock::Timeout=300 --no-install-recommends ca-certificates "$@"
  } < /dev/null > "$log" 2>&1; then
    tail -n 20 "$log" >&2
    rm -f "$log"
    return 1
  fi
  rm -f "$log"
}

# Rust: what rust-toolchain.toml pins by rustup, or another one that is new enough.
need_rust() {
  [ ! -e "${CARGO_HOME:-$HOME/.cargo}/env" ] || . "${CARGO_HOME:-$HOME/.cargo}/env"
  has cargo || has rustup || install_rustup
  if has rustup; then
    rust_is_complete || (cd "$repository" && rustup toolchain install) ||
      fail "rustup could not install the toolchain of rust-toolchain.toml"
  fi
  rust_is_new_enough || fail "$(rustc --version) is too old: Rust 1.95 is needed" \
    "install rustup (https://rustup.rs), or the Rust of a newer release of your system"
}

install_rustup() {
  say "Installing rustup into ${CARGO_HOME:-$HOME/.cargo}"
  curl --proto '=https' --tlsv1.2 --silent --show-error --fail https://sh.rustup.rs |
    sh -s -- -y --quiet --no-modify-path --profile minimal --default-toolchain none ||
    fail "rustup could not be installed" "install Rust 1.95 or newer yourself, and run this again"
  . "${CARGO_HOME:-$HOME/.cargo}/env"
}

# Whether the pinned toolchain is there with its components.
rust_is_complete() {
  (cd "$repository" && cargo --version && cargo clippy --version && cargo fmt --version) > /dev/null 2>&1
}

rust_is_new_enough() {
  local wanted=1.95.0 found
  found=$(cd "$repository" && rustc --version | cut -d ' ' -f 2)
  [ "$(printf '%s\n' "$wanted" "${found%%-*}" | sort --version-sort | head -n 1)" = "$wanted" ]
}

# The rig's hosts are namespaces with a /nix of their own.
need_host_powers() {
  [ "$(id -u)" = 0 ] || fail "only root can start the throw-away hosts" "run the same command as root, for example with sudo"
  unshare --mount --pid --fork true 2> /dev/null ||
    fail "root may not make namespaces here, which the throw-away hosts are made of" \
      "in a container, give it the capability SYS_ADMIN"
  case $(realpath "$(command -v nix)") in
    /nix/*) fail "this nix is in /nix, which a throw-away host has of its own" \
      "install the Nix of your system too (on Debian: apt-get install nix-bin), and put /usr/bin first in PATH" ;;
  esac
}

need_everything() {
  need_tools nix sshd ssh git cc ld unshare curl tar gzip awk
  need_host_powers
  need_rust
}

# The formatter of Nix files, as the flake's `formatter` has it. The version is ours: formats
# differ from one to the next.
need_nixfmt() {
  PATH=$repository/target/tools/bin:$PATH
  [ -x "$repository/target/tools/bin/nixfmt" ] ||
    cargo install --quiet --locked --root "$repository/target/tools" nixfmt_rs@0.5.3
}

# A directory for this run, which goes at its end together with the hosts.
make_scratch() {
  scratch=$(mktemp --directory "${TMPDIR:-/tmp}/nixops.XXXXXX")
  trap tidy_up EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

# Sets what flakes take instead of what they would fetch: `offline` for ours, `network_inputs` for
# the template's network, `plugin_inputs` where a provider is built. `neatcloud` is that plugin's flake, and `pocket` nixpkgs.
set_inputs() {
  case $repository$scratch in
    *[!A-Za-z0-9._~+@=,/-]*) fail "a path here has characters that a flake reference cannot have: $repository, $scratch" \
      "move this checkout, or set TMPDIR to a plainer directory" ;;
  esac
  pocket=path:$repository/checks/pocket
  offline=(
    --no-write-lock-file
    --override-input nixpkgs "$pocket"
    --override-input nixpkgs/toolchain "path:$scratch/toolchain/flake"
  )
  network_inputs=(--override-input nixpkgs "$pocket" --override-input nixops "$repository")
  plugin_inputs=(
    --override-input nixpkgs "$pocket"
    --override-input nixpkgs/toolchain "path:$scratch/toolchain/flake"
  )
  neatcloud="git+file://$repository?dir=plugins/neatcloud"
}

tidy_up() {
  trap '' HUP INT TERM # a second Ctrl-C would leave something behind
  if [ -e "$scratch/hosts/rig.json" ]; then
    [ -z "${cloud:-}" ] || in_rig sh -c '[ ! -x "$0" ] || exec "$0" cloud down' "$cloud" || true
    "$rig" down --dir "$scratch/hosts" || true
  fi
  rm -rf "$scratch"
}

# Starts hosts with the names $*, unless a rig runs; without names there is only the deployer's
# side. $RIG names a rig that is built already.
start_hosts() {
  [ ! -e "$scratch/hosts" ] || return 0
  rig=${RIG:-}
  if [ -z "$rig" ]; then
    cargo build --quiet --locked --package rig
    rig=$repository/target/debug/rig
  fi
  "$rig" up --dir "$scratch/hosts" --owner $$ "$@" > /dev/null
}

# Runs a command as the deployer of the rig: with its store and its home.
in_rig() { "$rig" run --dir "$scratch/hosts" -- env ${NIXPKGS_LIB:+"NIXPKGS_LIB=$NIXPKGS_LIB"} "$@"; }

# Gives the rig's store a path of this machine's store, with what it refers to.
bring_into_rig() {
  local closure
  mapfile -t closure < <(nix-store --query --requisites "$1")
  nix-store --export "${closure[@]}" | in_rig nix-store --import > /dev/null
}

# Runs a command on the host $1.
on_host() {
  local host=$1
  shift
  "$rig" exec --dir "$scratch/hosts" "$host" -- "$@"
}

# Runs the script $2 on the server $1 of the cloud, by ssh with the key that the cloud was given.
on_server() {
  local at
  read -ra at < <(in_rig "$cloud" cloud show "$1" |
    awk -F '[":, ]+' '$2 == "address" { address = $3 } $2 == "port" { port = $3 }
      END { print "-p", port, "root@" address }')
  in_rig ssh -o StrictHostKeyChecking=accept-new -o LogLevel=ERROR "${at[@]}" "$2"
}

# Makes the network directory $1 from the template, with addresses of the rig's hosts.
write_network() {
  cp -R "$repository/templates/network" "$1"
  chmod -R u+w "$1"
  write_hosts "$1" ""
}

# Makes the network directory $1 from the template, with machines in NeatCloud.
write_neatcloud_network() {
  cp -R "$repository/templates/network" "$1"
  chmod -R u+w "$1"
  cp "$repository"/checks/networks/neatcloud/*.nix "$1"
  in_rig sh -c 'cat ~/.ssh/id_ed25519.pub' > "$1/id.pub"
}

# Says in the network $1 where its machines are: the host $2web is the machine web.
write_hosts() {
  cp "$scratch/hosts/rig.json" "$repository/checks/rig-hosts.nix" "$1"
  echo "import ./rig-hosts.nix \"$2\"" > "$1/hosts.nix"
}
