//! A lab in which there is a plugin instead of a network.

use std::path::{Path, PathBuf};

use crate::lab::{Lab, POCKET, Run};

/// The repository.
pub const REPOSITORY: &str = env!("CARGO_MANIFEST_DIR");

/// The plugin whose provider is written in Python.
pub const LEDGER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/checks/plugins/ledger");

/// The schema of the type `boxes` in plugins that tests write.
pub const BOXES: &str = r#"{
  "type": "object",
  "description": "A box.",
  "properties": {
    "size": { "enum": ["small", "medium", "large"] },
    "count": { "type": "integer" }
  },
  "required": ["size"]
}"#;

/// A lab with a plugin whose manifest has these attributes beside its name, and with these files.
pub fn plugin<const N: usize>(manifest: &str, files: [(&str, &str); N]) -> Lab {
    let lab = Lab::without_hosts();
    lab.write(
        "flake.nix",
        &format!("{{\n  outputs = _: {{\n    nixopsPlugin = {{ name = \"mine\"; {manifest} }};\n  }};\n}}\n"),
    );
    for (path, text) in files {
        lab.write(path, text);
    }
    lab
}

/// A lab with a plugin that has options of boxes, as they are written in Nix, and [`BOXES`].
pub fn boxes(options: &str) -> Lab {
    let nix = format!(
        "{{\n  options = [ ];\n  resources =\n    {{ evalResources, resourcesByType, zipAttrs, ... }}:\n    {{\n      \
         boxes = evalResources (\n        {{ lib, ... }}:\n        let\n          inherit (lib) mkOption types;\n        \
         in\n        {{\n          options = {{ {options} }};\n          config._type = \"box\";\n        }}\n      \
         ) (zipAttrs resourcesByType.boxes or [ ]);\n    }};\n  config_exporters = {{ ... }}: [ ];\n}}\n"
    );
    plugin(
        "nixexprs = [ ./nix ]; schemas = ./schemas;",
        [("nix/default.nix", &nix), ("schemas/boxes.json", BOXES)],
    )
}

/// A lab with a copy of a plugin of the repository.
pub fn copy_of(directory: impl AsRef<Path>) -> Lab {
    let lab = Lab::without_hosts();
    let from = directory.as_ref().join(".");
    let (from, to) = (from.to_string_lossy(), lab.directory.to_string_lossy());
    lab.run("cp", &["--recursive", &from, &to]);
    lab
}

/// A lab with a schema file that says this.
pub fn schema(text: &str) -> Lab {
    plugin("schemas = ./schemas;", [("schemas/boxes.json", text)])
}

/// Runs `nixops plugin` where the plugin is, with the pocket as its nixpkgs.
pub fn run<const N: usize>(lab: &Lab, arguments: [&str; N]) -> Run {
    let mut command = lab.command(["plugin"]);
    let nixpkgs = format!("path:{POCKET}");
    command.args(arguments);
    command.args(["--override-input", "nixpkgs", &nixpkgs]);
    Run::of(&mut command)
}

/// What of a report is not simply right, as people see it.
pub fn remarks(run: &Run) -> String {
    let lines = run.stdout.lines();
    let lines = lines.filter(|line| !line.starts_with("ok ") && !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

/// What `nixops plugin check` finds that is not right.
#[track_caller]
pub fn check(lab: &Lab, code: i32) -> String {
    let run = run(lab, ["check"]);
    run.exits(code);
    remarks(&run)
}

/// The flake of NeatCloud, which needs the repository around it.
pub fn neatcloud_flake() -> String {
    format!("git+file://{REPOSITORY}?dir=plugins/neatcloud")
}

/// The program of NeatCloud's provider, which is built with the tests.
pub fn neatcloud() -> PathBuf {
    let program = Path::new(env!("CARGO_BIN_EXE_nixops")).with_file_name("nixops-neatcloud");
    assert!(
        program.exists(),
        "run `cargo build --package nixops-neatcloud` first: there is no {}",
        program.display()
    );
    program
}
