use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use nix_compat::derivation::Derivation;
use nix_compat::store_path::StorePath;

use crate::sandbox::Sandbox;

const EXPRESSIONS: &str = r#"
let
  make = attributes: derivation ({ system = "x86_64-linux"; builder = "/bin/sh"; } // attributes);
  source = builtins.toFile "source.txt" "text";
  download = make {
    name = "download";
    outputHashMode = "flat";
    outputHashAlgo = "sha256";
    outputHash = "sha256-XfGQbVzBJ16Z1VRub+tLUDgaacX8m4FfxmQguXnFKK4=";
  };
  many = make {
    name = "many-1.0";
    outputs = [ "out" "dev" "doc" ];
    args = [ "-c" "echo \"quoted\" \\ \n\t\r$x ü" ];
    inherit source download;
  };
  structured = make { name = "structured"; __structuredAttrs = true; list = [ 1 { a = many.dev; } ]; };
in [ download many structured ]
"#;

fn instantiate(sandbox: &Sandbox) -> Vec<StorePath> {
    let paths = sandbox.text("nix-instantiate", &["--expr", EXPRESSIONS]);
    let paths: Vec<StorePath> = paths
        .lines()
        .map(|line| line.parse().expect("a store path"))
        .collect();
    assert_eq!(paths.len(), 3);
    paths
}

fn read(sandbox: &Sandbox, path: &StorePath) -> (Vec<u8>, Derivation) {
    let bytes = fs::read(sandbox.physical(&path.to_absolute_path())).expect("a .drv file");
    let derivation = Derivation::from_store_file(path, &bytes).expect("a derivation");
    (bytes, derivation)
}

#[test]
fn derivations_are_written_as_they_were_read_and_have_the_path_that_nix_gives_them() {
    let sandbox = Sandbox::new();
    for path in instantiate(&sandbox) {
        let (bytes, derivation) = read(&sandbox, &path);
        assert_eq!(derivation.to_aterm_bytes(), bytes);
        assert_eq!(
            derivation.calculate_derivation_path().expect("a path"),
            path
        );
        assert_eq!(format!("{}.drv", derivation.name()), path.name());
    }
}

#[test]
fn outputs_and_references_are_those_that_nix_tells() {
    let sandbox = Sandbox::new();
    for path in instantiate(&sandbox) {
        let (_, derivation) = read(&sandbox, &path);
        let path = path.to_absolute_path();
        let outputs = derivation.outputs().expect("outputs");
        let outputs: BTreeSet<String> = outputs
            .into_values()
            .flatten()
            .map(|path| path.to_absolute_path())
            .collect();
        let told = sandbox.lines("nix-store", &["--query", "--outputs", &path]);
        assert_eq!(outputs, told.into_iter().collect());

        let inputs = derivation.input_derivations().into_keys();
        let references: BTreeSet<String> = inputs
            .chain(derivation.input_sources())
            .map(|path| path.to_absolute_path())
            .collect();
        let told = sandbox.lines("nix-store", &["--query", "--references", &path]);
        assert_eq!(references, told.into_iter().collect());

        // With structured attributes it stands in no variable, and Nix has no query for it.
        if derivation.environment("system").is_some() {
            let system = sandbox.text("nix-store", &["--query", "--binding", "system", &path]);
            assert_eq!(derivation.system(), system);
        }
    }
}

#[test]
fn a_derivations_particulars_can_be_asked_for() {
    let sandbox = Sandbox::new();
    let paths = instantiate(&sandbox);
    let (_, download) = read(&sandbox, &paths[0]);
    assert!(download.is_fixed_output().expect("an answer"));
    let (_, many) = read(&sandbox, &paths[1]);
    assert!(!many.is_fixed_output().expect("an answer"));
    assert_eq!(many.environment("name"), Some(&b"many-1.0"[..]));
    assert_eq!(many.outputs().expect("outputs").len(), 3);
    let (_, structured) = read(&sandbox, &paths[2]);
    let inputs = structured.input_derivations();
    assert_eq!(inputs[&paths[1]], BTreeSet::from(["dev".to_owned()]));
}

#[test]
fn what_stands_behind_a_store_path_is_split_off() {
    let sandbox = Sandbox::new();
    let path = instantiate(&sandbox).remove(0);
    let text = path.to_absolute_path();
    let split = |text: &str| -> (StorePath, String) {
        let (path, below) = StorePath::from_absolute_path_full(text).expect("a store path");
        (path, below.display().to_string())
    };
    assert_eq!(split(&text), (path.clone(), String::new()));
    assert_eq!(split(&format!("{text}/")), (path.clone(), String::new()));
    assert_eq!(
        split(&format!("{text}/bin/x")),
        (path.clone(), "bin/x".to_owned())
    );
    assert!(StorePath::from_absolute_path(format!("{text}/bin").as_bytes()).is_err());
    assert_eq!(
        StorePath::from_bytes(path.to_basename().as_bytes()).as_ref(),
        Ok(&path)
    );
    for bad in [
        "/nix/store",
        "/nix/store/",
        "/nix/store/x",
        "/etc/passwd",
        "nix/store/x",
        "",
    ] {
        assert!(
            StorePath::from_absolute_path_full(Path::new(bad)).is_err(),
            "{bad}"
        );
    }
}

#[test]
fn names_are_allowed_where_nix_allows_them() {
    let sandbox = Sandbox::new();
    let (longest, too_long) = ("n".repeat(211), "n".repeat(212));
    let names = [
        "a",
        "A-1.0_+?=",
        "0",
        "a b",
        "a/b",
        "ä",
        "a~",
        "a:b",
        "a\nb",
        "",
        &longest,
        &too_long,
    ];
    for name in names {
        let ours = StorePath::from_name_and_digest_fixed(name, [7; 20]);
        let expression = format!("builtins.toFile {} \"\"", serde_json::json!(name));
        let theirs = sandbox.run("nix-instantiate", &["--eval", "--expr", &expression]);
        assert_eq!(ours.is_ok(), theirs.status.success(), "'{name}'");
    }
}
