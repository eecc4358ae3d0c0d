//! Plugins of NixOps 2: what is left of them in a directory, and what to change.

use std::fs;

use camino::{Utf8Path, Utf8PathBuf};

/// Files that packaged a plugin of NixOps 2, and what has taken their place.
const PACKAGING: [(&str, &str); 6] = [
    ("setup.py", "delete it; the flake is the package"),
    (
        "pyproject.toml",
        "delete it once the provider is no Python program any more; the flake is the package",
    ),
    (
        "poetry.lock",
        "delete it; flake.lock pins what the plugin needs",
    ),
    ("overrides.nix", "delete it; it was for poetry2nix"),
    (
        "mypy.ini",
        "delete it; types are checked by the compiler, and values by the schema",
    ),
    (
        "shell.nix",
        "say `devShells.<system>.default` in flake.nix instead",
    ),
];

/// Says what to change in a directory that has a plugin of NixOps 2 in it, or some of one.
pub fn advice(directory: &Utf8Path) -> Vec<String> {
    let there = |file: &str| directory.join(file).exists();
    let packaging = PACKAGING.iter().filter(|(file, _)| there(file));
    let mut advice: Vec<String> = packaging
        .map(|(file, advice)| format!("{file}: {advice}"))
        .collect();
    let expressions = expressions(directory);
    if !there("flake.nix") {
        advice.extend(expressions.map(|path| flake(directory, &path)));
    }
    advice
}

/// The directory of Nix expressions, relative to that of the plugin: beside the Python package, or in
/// it.
fn expressions(directory: &Utf8Path) -> Option<Utf8PathBuf> {
    let beside = Utf8PathBuf::from("nix");
    if directory.join(&beside).join("default.nix").is_file() {
        return Some(beside);
    }
    let entries = fs::read_dir(directory).ok()?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut inside: Vec<_> = names
        .map(|name| Utf8PathBuf::from(name).join("nix"))
        .filter(|path| directory.join(path).join("default.nix").is_file())
        .collect();
    inside.sort();
    inside.into_iter().next()
}

/// A `flake.nix` to begin with.
fn flake(directory: &Utf8Path, expressions: &Utf8Path) -> String {
    let absolute = directory.canonicalize_utf8();
    let absolute = absolute.unwrap_or_else(|_| directory.to_owned());
    let name = absolute.file_name().unwrap_or("plugin");
    let name = name.trim_start_matches("nixops").trim_matches(['-', '_']);
    let name = name.replace('_', "-").to_lowercase();
    format!(
        "write flake.nix:\n{{\n  inputs.nixpkgs.url = \"github:NixOS/nixpkgs/nixos-26.05\";\n  \
         outputs = _: {{\n    nixopsPlugin = {{\n      name = \"{name}\";\n      \
         nixexprs = [ ./{expressions} ];\n    }};\n  }};\n}}"
    )
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    fn directory(files: &[&str]) -> (tempfile::TempDir, Utf8PathBuf) {
        let temporary = tempfile::tempdir().unwrap();
        let path = Utf8Path::from_path(temporary.path()).unwrap();
        let path = path.join("nixops-neatcloud");
        for file in files {
            let file = path.join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "").unwrap();
        }
        (temporary, path)
    }

    #[test]
    fn a_plugin_of_nixops_2_is_told_what_to_write_and_what_to_delete() {
        let (_temporary, path) = directory(&["pyproject.toml", "nixops_neatcloud/nix/default.nix"]);
        assert_snapshot!(advice(&path).join("\n"), @r#"
        pyproject.toml: delete it once the provider is no Python program any more; the flake is the package
        write flake.nix:
        {
          inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";
          outputs = _: {
            nixopsPlugin = {
              name = "neatcloud";
              nixexprs = [ ./nixops_neatcloud/nix ];
            };
          };
        }
        "#);
    }

    #[test]
    fn the_oldest_layout_is_known_too() {
        let (_temporary, path) = directory(&["setup.py", "nix/default.nix"]);
        let text = advice(&path).join("\n");
        assert!(text.contains("setup.py: delete it"), "{text}");
        assert!(text.contains("nixexprs = [ ./nix ];"), "{text}");
    }

    #[test]
    fn a_plugin_that_is_a_flake_is_left_in_peace() {
        let (_temporary, path) = directory(&["flake.nix", "nix/default.nix"]);
        assert!(advice(&path).is_empty());
    }
}
