//! What tests of plans, deployments and operators need.

use std::{
    fs,
    path::{Path, PathBuf},
};

use nixops::{
    plan::{Plan, PlannedResource},
    state::Key,
};
use serde_json::Value;

use crate::{
    lab::{Lab, Run},
    plugins_lab::REPOSITORY,
};

/// What takes no plugins, of the verbs that tests run.
const WITHOUT_PLUGINS: &[&str] = &[
    "create",
    "delete",
    "eval",
    "export",
    "import",
    "info",
    "journal",
    "list",
    "modify",
    "set-args",
    "show-arguments",
    "show-physical",
    "unlock",
];

impl Lab {
    /// A verb in the directory of the network; plugins are trusted.
    pub fn call(&self, words: &[&str]) -> Run {
        self.call_in(&self.directory, words)
    }

    /// A verb in another directory.
    pub fn call_in(&self, directory: &Path, words: &[&str]) -> Run {
        let mut command = self.command([]);
        command.args(words).current_dir(directory);
        if !WITHOUT_PLUGINS.contains(&words[0]) {
            command.arg("--accept-plugins");
        }
        Run::of(&mut command)
    }

    /// What a verb says with `--json`.
    #[track_caller]
    pub fn told(&self, words: &[&str]) -> Value {
        let words: Vec<_> = words.iter().copied().chain(["--json"]).collect();
        let run = self.call(&words);
        run.exits(0);
        run.json()
    }

    /// `nixops plan --json`, which must be as its schema says.
    #[track_caller]
    pub fn planned(&self, words: &[&str]) -> Plan {
        let words: Vec<_> = ["plan"].iter().chain(words).copied().collect();
        let plan = self.told(&words);
        fits("plan", &plan);
        serde_json::from_value(plan).expect("a plan")
    }

    /// Another directory beside that of the network.
    pub fn other_directory(&self, name: &str) -> PathBuf {
        let path = self.rig.home().join(name);
        fs::create_dir_all(&path).expect("a directory");
        path
    }

    /// Copies the network's directory with everything in it, as a second checkout is one.
    pub fn checkout(&self, name: &str) -> PathBuf {
        let path = self.rig.home().join(name);
        let (from, to) = (self.directory.to_string_lossy(), path.to_string_lossy());
        self.run("cp", &["-r", &from, &to]);
        path
    }

    /// Every file of the user, with its content, but for what is only cached.
    pub fn everything(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut all = Vec::new();
        below(&self.rig.home(), &mut all);
        all.retain(|(path, _)| !path.starts_with(self.rig.home().join("cache")));
        all.sort();
        all
    }

    /// Every file of the state and of the cloud, with its content, but for locks, which say who had them, and for
    /// what is kept of runs.
    pub fn state_files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let state = self.rig.home().join("state");
        let apart = ["nixops/locks", "nixops/runs"].map(|name| state.join(name));
        let is_apart = |path: &Path| apart.iter().any(|apart| path.starts_with(apart));
        let mut all = self.everything();
        all.retain(|(path, _)| path.starts_with(&state) && !is_apart(path));
        all
    }
}

/// What a plan does with a resource.
#[track_caller]
pub fn of<'a>(plan: &'a Plan, kind: &str, name: &str) -> &'a PlannedResource {
    let found = plan.resources.all();
    let mut found = found.filter(|planned| planned.key == Key::new(kind, name));
    found
        .next()
        .unwrap_or_else(|| panic!("no {kind}.{name}: {plan:#?}"))
}

/// Expects that two lists of files are the same, and names those that are not.
#[track_caller]
pub fn same(before: &[(PathBuf, Vec<u8>)], after: &[(PathBuf, Vec<u8>)]) {
    let differ = before.iter().filter(|file| !after.contains(file));
    let differ = differ.chain(after.iter().filter(|file| !before.contains(file)));
    let differ: Vec<_> = differ.map(|(path, _)| path).collect();
    assert!(differ.is_empty(), "changed: {differ:#?}");
}

/// Expects that a value is as a schema of the documentation says.
#[track_caller]
pub fn fits(schema: &str, value: &Value) {
    let path = Path::new(REPOSITORY).join(format!("docs/src/schemas/{schema}.json"));
    let schema = serde_json::from_str(&fs::read_to_string(path).expect("a schema")).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema that is one");
    let errors: Vec<_> = validator
        .iter_errors(value)
        .map(|error| format!("{error}"))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}: {value:#}");
}

/// A text with `UUID` in the place of each UUID.
pub fn without_uuids(text: &str) -> String {
    let is_uuid = |text: &str| {
        let lengths: Vec<_> = text.split('-').map(str::len).collect();
        let is_hex = |one: char| one == '-' || one.is_ascii_hexdigit();
        lengths == [8, 4, 4, 4, 12] && text.chars().all(is_hex)
    };
    let mut plain = text.to_owned();
    let mut at = 0;
    while at < plain.len() {
        if plain.get(at..at + 36).is_some_and(is_uuid) {
            plain.replace_range(at..at + 36, "UUID");
        }
        at += 1;
    }
    plain
}

fn below(directory: &Path, all: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        let kind = fs::symlink_metadata(&path).expect("a file").file_type();
        if kind.is_dir() {
            below(&path, all);
        } else if kind.is_file() {
            let content = fs::read(&path).expect("a file");
            all.push((path, content));
        }
    }
}
