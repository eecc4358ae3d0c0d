# The phases of `buildRustPackage`; the variables are the derivation's.
# shellcheck shell=bash disable=SC2154,SC2086

export HOME=$PWD CARGO_HOME=$PWD/cargo-home
cp -R "$src" source
chmod -R u+w source
cd source

mkdir -p "$CARGO_HOME"
cat > "$CARGO_HOME/config.toml" <<EOF
[source.crates-io]
replace-with = "vendored-sources"
[source.vendored-sources]
directory = "$cargoVendorDir"
EOF

# NIX_BUILD_CORES is 0 where Nix was told to use every core.
if [ "${NIX_BUILD_CORES:-0}" -gt 0 ]; then
  export CARGO_BUILD_JOBS=$NIX_BUILD_CORES
fi
# Nobody debugs this build, and symbols take half of its time.
export CARGO_PROFILE_DEV_DEBUG=0 CARGO_TARGET_DIR=$PWD/target

cargo build --frozen --profile "$profile" $cargoBuildFlags
if [ -n "$doCheck" ]; then
  cargo test --frozen --profile "$profile" $cargoTestFlags
fi

mkdir -p "$out/bin"
find "target/$buildType" -maxdepth 1 -type f -executable -exec cp -t "$out/bin" {} +
eval "$postInstall"
