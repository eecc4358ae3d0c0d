use std::fs;

use camino::Utf8PathBuf;
use nix_compat::log::{Line, LogMessage, parse_line};
use serde_json::{Map, Value, json};

use super::*;
use crate::flake::{LockedFlake, Tree};

/// A tree with these files in place of one in the store, and the user's own copy of it.
struct World {
    _directory: tempfile::TempDir,
    stored: Utf8PathBuf,
    local: Utf8PathBuf,
    source: Source,
}

fn world(files: &[(&str, &str)]) -> World {
    let directory = tempfile::tempdir().unwrap();
    let root = Utf8PathBuf::from_path_buf(directory.path().to_owned()).unwrap();
    let (stored, local) = (root.join("stored"), root.join("local"));
    for tree in [&stored, &local] {
        fs::create_dir(tree).unwrap();
    }
    for (name, text) in files {
        fs::write(stored.join(name), text).unwrap();
    }
    let flake = LockedFlake {
        reference: ".".into(),
        url: "path:/net".into(),
        tree: Tree {
            kind: "path",
            path: stored.clone(),
            nar_hash: "sha256-x".into(),
            last_modified: 1,
            rev: None,
            rev_count: None,
        },
        extra: Map::new(),
        directory: String::new(),
        local: Some(local.clone()),
        lock: Value::Null,
        overrides: Vec::new(),
    };
    World {
        _directory: directory,
        stored,
        local,
        source: Source::Flake {
            flake: Box::new(flake),
            network: "default".into(),
        },
    }
}

fn error(text: &str, trace: &[&str]) -> Message {
    let step = |text: &&str| json!({ "raw_msg": text, "file": null, "line": null, "column": null });
    let message = json!({
        "action": "msg", "level": 0, "msg": text, "raw_msg": text,
        "file": null, "line": null, "column": null,
        "trace": trace.iter().map(step).collect::<Vec<_>>(),
    });
    match parse_line(&format!("@nix {message}")) {
        Line::Message(LogMessage::Msg(message)) => message,
        other => panic!("{other:?}"),
    }
}

const TWO: &str = "{\n  web.a.b = 1;\n  db.a.b = 2;\n}\n";

#[test]
fn the_definition_that_was_evaluated_is_the_place_of_an_error_without_one() {
    let world = world(&[("flake.nix", TWO)]);
    let file = world.local.join("flake.nix").to_string();
    let from = format!(
        "while evaluating definitions from `{}/flake.nix':",
        world.stored
    );
    let error = error("no", &[&from, "while evaluating the option `a.b':"]);
    let machine = |line| Position {
        file: file.clone(),
        line,
        column: 3,
    };
    for line in [2, 3] {
        let found = diagnostic(&world.source, &error, Some(&machine(line)));
        assert_eq!(found.position, Some(machine(line)));
    }
    assert_eq!(diagnostic(&world.source, &error, None).position, None);
}

#[test]
fn the_machine_is_the_place_of_an_error_that_has_no_other() {
    let world = world(&[("flake.nix", TWO)]);
    let machine = Position {
        file: world.local.join("flake.nix").to_string(),
        line: 3,
        column: 3,
    };
    let text = format!("no value in {}/flake.nix", world.stored);
    let found = diagnostic(&world.source, &error(&text, &[]), Some(&machine));
    assert_eq!(found.position.as_ref(), Some(&machine));
    assert_eq!(found.message, format!("no value in {}", machine.file));
}

#[test]
fn a_file_that_only_the_user_has_is_not_tracked() {
    let world = world(&[]);
    let text = format!(
        "getting status of '{}/new.nix': No such file or directory",
        world.stored
    );
    let missing = diagnostic(&world.source, &error(&text, &[]), None);
    assert_eq!(
        missing.message,
        format!("cannot find {}/new.nix", world.local)
    );
    assert_eq!(missing.hint, None);
    fs::write(world.local.join("new.nix"), "{ }").unwrap();
    let hint = diagnostic(&world.source, &error(&text, &[]), None).hint;
    assert!(
        hint.unwrap()
            .ends_with(&format!("`git add {}/new.nix`", world.local))
    );
}

#[test]
fn a_refused_argument_is_the_networks_only_outside_of_machines() {
    let world = world(&[]);
    let text = "anonymous function called with unexpected argument 'prot'";
    let hint = |machine| diagnostic(&world.source, &error(text, &[]), machine).hint;
    assert!(hint(None).unwrap().contains("`--argstr`"));
    let machine = Position {
        file: world.local.join("flake.nix").to_string(),
        line: 3,
        column: 3,
    };
    assert_eq!(hint(Some(&machine)), None);
}

#[test]
fn an_overflow_of_the_stack_has_the_same_hint_in_every_version() {
    let world = world(&[]);
    let new = diagnostic(
        &world.source,
        &error("stack overflow; max-call-depth exceeded", &[]),
        None,
    );
    let old = death(
        &["error: stack overflow (possible infinite recursion)".into()],
        "exit status: 1",
    );
    assert!(new.hint.is_some());
    assert_eq!(new.hint, old.hint);
}
