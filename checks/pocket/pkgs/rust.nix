# Rust for the pocket: `rustPlatform` and the tools, with the names and the
# meaning that they have in nixpkgs.
#
# The compiler is the machine's own. It comes as data, in the `rust` output of
# the flake that `checks/toolchain` writes, so that evaluation stays pure:
#
#     { version, bin, path, shell, crates }
#
# Crates are fetched one by one as fixed-output derivations, checked against the
# checksums in Cargo.lock. Where nixpkgs asks crates.io, this asks `crates`.
{
  system,
  rust ? null,
}:
let
  toolchain =
    if rust != null then
      rust
    else
      throw ''
        The pocket nixpkgs has no Rust toolchain.
        Write one with `checks/toolchain DIR`, and pass it as an input:
            --override-input nixpkgs/toolchain path:DIR/flake'';

  # A derivation that runs `script` with the machine's shell and tools.
  run =
    name: attributes: script:
    derivation (
      {
        inherit name system;
        builder = toolchain.shell;
        args = [
          "-euc"
          script
        ];
        PATH = builtins.concatStringsSep ":" ([ toolchain.bin ] ++ toolchain.path);
      }
      // attributes
    );

  fetchCrate =
    package:
    derivation {
      name = "crate-${package.name}-${package.version}.tar.gz";
      system = "builtin";
      builder = "builtin:fetchurl";
      url = "file://${toolchain.crates}/${package.name}-${package.version}.crate";
      outputHashAlgo = "sha256";
      outputHashMode = "flat";
      outputHash = package.checksum;
      preferLocalBuild = true;
    };

  # A directory of unpacked crates, as `cargo vendor` would leave it.
  importCargoLock =
    { lockFile }:
    let
      lock = builtins.fromTOML (builtins.readFile lockFile);
      isFetched = package: package ? source;
      crates = map (
        package:
        if package ? checksum then
          "${package.name}-${package.version} ${package.checksum} ${fetchCrate package}\n"
        else
          throw "${package.name} ${package.version} comes from ${package.source}: the pocket knows only crates.io"
      ) (builtins.filter isFetched lock.package);
    in
    run "cargo-vendor-dir"
      {
        crates = builtins.concatStringsSep "" crates;
        passAsFile = [ "crates" ];
      }
      ''
        mkdir "$out"
        while read -r crate checksum archive; do
          tar --extract --gzip --file "$archive" --directory "$out"
          printf '{"files":{},"package":"%s"}' "$checksum" > "$out/$crate/.cargo-checksum.json"
        done < "$cratesPath"
      '';

  # Differs from nixpkgs in one default: `buildType` is "debug", because here
  # the seconds of a test count and not those of the program.
  buildRustPackage =
    {
      pname,
      version,
      src,
      cargoLock,
      buildType ? "debug",
      cargoBuildFlags ? [ ],
      cargoTestFlags ? [ ],
      doCheck ? true,
      postInstall ? "",
      env ? { },
      passthru ? { },
      meta ? { },
      ...
    }:
    let
      profile = if buildType == "debug" then "dev" else buildType;
      attributes = {
        inherit
          pname
          version
          src
          profile
          buildType
          doCheck
          postInstall
          ;
        cargoBuildFlags = toString cargoBuildFlags;
        cargoTestFlags = toString cargoTestFlags;
        cargoVendorDir = importCargoLock { inherit (cargoLock) lockFile; };
        toolchainVersion = toolchain.version;
      };
      package = run "${pname}-${version}" (env // attributes) (builtins.readFile ./rust-build.sh);
    in
    package // passthru // { inherit pname version meta; };

  # The machine's tool as a package.
  tool =
    name:
    run "${name}-${toolchain.version}"
      {
        tools =
          {
            cargo = "cargo";
            cargo-nextest = "cargo-nextest";
            rustc = "rustc rustdoc";
            clippy = "cargo-clippy clippy-driver";
            rustfmt = "rustfmt cargo-fmt";
          }
          .${name};
      }
      ''
        mkdir -p "$out/bin"
        for tool in $tools; do ln -s "$(command -v "$tool")" "$out/bin/"; done
      '';
in
{
  rustPlatform = {
    inherit buildRustPackage importCargoLock;
  };
  cargo = tool "cargo";
  cargo-nextest = tool "cargo-nextest";
  rustc = tool "rustc";
  clippy = tool "clippy";
  rustfmt = tool "rustfmt";
}
