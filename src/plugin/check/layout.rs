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

/// What to do about the hooks of a plugin in Python.
const HOOKS: &str = "NixOps loads no Python any more: what `nixexprs` gives is `nixopsPlugin.nixexprs`, \
                     and resources and backends need a provider";

/// How to begin where there is nothing.
const BEGIN: &str = "`nix flake init -t <nixops>#plugin` writes one, and a plugin to begin with";

/// Files of NixOps 2 in a directory, each with what to do about it.
pub fn advice(directory: &Utf8Path) -> Vec<(String, String)> {
    let there = |file: &str| directory.join(file).exists();
    let packaging = PACKAGING.iter().filter(|(file, _)| there(file));
    let packaging = packaging.map(|(file, advice)| ((*file).to_owned(), (*advice).to_owned()));
    let hooks = below(directory, "plugin.py").into_iter();
    let hooks = hooks.map(|path| (path.into_string(), HOOKS.to_owned()));
    packaging.chain(hooks).collect()
}

/// What to do in a directory without a `flake.nix`.
pub fn without_flake(directory: &Utf8Path) -> String {
    let write = expressions(directory).map(|path| flake(directory, &path));
    format!(
        "there is no flake.nix; {}",
        write.unwrap_or_else(|| BEGIN.to_owned())
    )
}

/// The directory of Nix expressions, relative to that of the plugin: beside the Python package, or in
/// it.
fn expressions(directory: &Utf8Path) -> Option<Utf8PathBuf> {
    let beside = Utf8PathBuf::from("nix");
    if directory.join(&beside).join("default.nix").is_file() {
        return Some(beside);
    }
    let inside = below(directory, "nix/default.nix").into_iter().next()?;
    inside.parent().map(Utf8Path::to_owned)
}

/// Files of a name in the directories of a directory, relative to that.
fn below(directory: &Utf8Path, file: &str) -> Vec<Utf8PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten();
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let paths = names.map(|name| Utf8PathBuf::from(name).join(file));
    let mut found: Vec<_> = paths
        .filter(|path| directory.join(path).is_file())
        .collect();
    found.sort();
    found
}

/// A `flake.nix` to begin with.
fn flake(directory: &Utf8Path, expressions: &Utf8Path) -> String {
    let absolute = directory.canonicalize_utf8();
    let absolute = absolute.unwrap_or_else(|_| directory.to_owned());
    let name = absolute.file_name().unwrap_or("plugin");
    let name = name.trim_start_matches("nixops").trim_matches(['-', '_']);
    let name = name.replace('_', "-").to_lowercase();
    format!(
        "write one:\n{{\n  outputs = _: {{\n    nixopsPlugin = {{\n      name = \"{name}\";\n      \
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

    fn all(path: &Utf8Path) -> String {
        let lines = advice(path).into_iter();
        let lines = lines.map(|(file, advice)| format!("{file}: {advice}\n"));
        lines.collect()
    }

    #[test]
    fn a_plugin_of_nixops_2_is_told_what_to_write_and_what_to_delete() {
        let files = [
            "pyproject.toml",
            "nixops_neatcloud/nix/default.nix",
            "nixops_neatcloud/plugin.py",
        ];
        let (_temporary, path) = directory(&files);
        assert_snapshot!(all(&path), @"
        pyproject.toml: delete it once the provider is no Python program any more; the flake is the package
        nixops_neatcloud/plugin.py: NixOps loads no Python any more: what `nixexprs` gives is `nixopsPlugin.nixexprs`, and resources and backends need a provider
        ");
        assert_snapshot!(without_flake(&path), @r#"
        there is no flake.nix; write one:
        {
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
        assert_snapshot!(all(&path), @"setup.py: delete it; the flake is the package");
        let text = without_flake(&path);
        assert!(text.contains("nixexprs = [ ./nix ];"), "{text}");
    }

    #[test]
    fn a_directory_with_nothing_in_it_is_told_of_the_template() {
        let (_temporary, path) = directory(&["README.md"]);
        assert_eq!(all(&path), "");
        assert_snapshot!(without_flake(&path), @"there is no flake.nix; `nix flake init -t <nixops>#plugin` writes one, and a plugin to begin with");
    }

    #[test]
    fn a_plugin_that_is_a_flake_is_left_in_peace() {
        let (_temporary, path) = directory(&["flake.nix", "nix/default.nix"]);
        assert_eq!(all(&path), "");
    }
}
