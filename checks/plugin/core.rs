//! The provider of the types that NixOps brings itself.

use std::{fs, process::Command, thread, time::Duration};

use camino::{Utf8Path, Utf8PathBuf};
use insta::assert_snapshot;
use nixops::plugin::{Origin, Program, Provider, ProviderEvent};
use nixops_plugin::protocol::{
    Attributes, Create, Created, Diff, Find, Import, Read, ResourceRef, ResourceState, Update,
};
use serde_json::{Value, json};

use super::world::{LONG, World};

const PAIRS: &str = "sshKeyPairs";
const OUTPUTS: &str = "commandOutput";

fn start(world: &World) -> Provider {
    let program = Program {
        path: Utf8PathBuf::from(env!("CARGO_BIN_EXE_nixops")),
        arguments: vec!["core-provider".to_owned()],
    };
    let listener = world.listener();
    Provider::start(&world.processes, Origin::core(), program, listener).unwrap()
}

fn resource(kind: &str) -> ResourceRef {
    ResourceRef {
        kind: kind.to_owned(),
        name: "one".to_owned(),
        deployment: "d".to_owned(),
    }
}

fn attributes(value: &Value) -> Attributes {
    value.as_object().unwrap().clone()
}

fn create(kind: &str, inputs: &Value) -> Create {
    Create {
        resource: resource(kind),
        inputs: attributes(inputs),
        token: "t".to_owned(),
    }
}

fn state(made: &Created, inputs: &Value) -> ResourceState {
    ResourceState {
        id: made.id.clone(),
        inputs: attributes(inputs),
        outputs: made.outputs.clone(),
        private: made.private.clone(),
    }
}

fn diff(provider: &Provider, kind: &str, prior: &ResourceState, inputs: &Value) -> Vec<String> {
    let question = Diff {
        resource: resource(kind),
        prior: prior.clone(),
        inputs: attributes(inputs),
    };
    let found = provider.diff(&question, LONG).unwrap().changes;
    found.iter().map(|change| change.path.join(".")).collect()
}

/// The public key that belongs to a private one, by OpenSSH.
fn public_key(private: &Utf8Path) -> String {
    let mut command = Command::new("ssh-keygen");
    let output = command.args(["-y", "-f", private.as_str()]).output();
    String::from_utf8(output.unwrap().stdout).unwrap()
}

#[test]
fn a_key_pair_is_made_kept_as_it_is_and_forgotten() {
    let world = World::new();
    let provider = start(&world);
    let inputs = json!({ "publicKey": "", "privateKey": "" });
    let made = provider.create(&create(PAIRS, &inputs), LONG).unwrap();
    assert!(made.id.starts_with("SHA256:"), "{}", made.id);
    let key = world.path("key");
    fs::write(&key, made.outputs["privateKey"].as_str().unwrap()).unwrap();
    fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let told = made.outputs["publicKey"].as_str().unwrap();
    assert_eq!(public_key(&key).trim(), told);
    assert!(told.ends_with(" nixops-one"), "{told}");

    let prior = state(&made, &inputs);
    let question = Read {
        kind: PAIRS.to_owned(),
        resources: vec![prior.clone(), ResourceState::default()],
    };
    let read = provider.read(&question, LONG).unwrap();
    assert_eq!(read[0].as_ref().unwrap().outputs, made.outputs);
    assert_eq!(read[1], None);
    // What the network shows of a pair that is there is the pair itself.
    let shown = Value::Object(made.outputs.clone());
    assert!(diff(&provider, PAIRS, &prior, &shown).is_empty());
    let find = Find {
        kind: PAIRS.to_owned(),
        token: "t".to_owned(),
    };
    assert_eq!(provider.find(&find, LONG).unwrap().resource, None);
    provider.close(LONG).unwrap();
}

#[test]
fn a_key_pair_is_imported_by_the_path_of_its_private_key() {
    let world = World::new();
    let provider = start(&world);
    let made = provider.create(&create(PAIRS, &json!({})), LONG).unwrap();
    let key = world.path("key");
    fs::write(&key, made.outputs["privateKey"].as_str().unwrap()).unwrap();
    let import = |id: &Utf8Path| {
        let question = Import {
            resource: resource(PAIRS),
            id: id.to_string(),
        };
        provider.import(&question, LONG)
    };
    assert_eq!(import(&key).unwrap().outputs, made.outputs);
    let error = import(&world.path("none")).unwrap_err();
    assert_snapshot!(world.text(&error), @r"
    NixOps itself: `import`: while reading the private key /none: No such file or directory (os error 2)
    hint: a key pair is imported by the path of its private key
    ");
    fs::write(&key, "no key").unwrap();
    let error = import(&key).unwrap_err().to_string();
    assert!(error.contains("ssh-keygen failed"), "{error}");
}

#[test]
fn a_script_runs_once_and_again_when_its_text_changes() {
    let world = World::new();
    let provider = start(&world);
    let first = json!({ "name": "one", "script": "echo talk >&2; echo hi > $out/x; cat $out/x" });
    let made = provider.create(&create(OUTPUTS, &first), LONG).unwrap();
    assert_eq!(made.outputs["value"], "hi\n");
    let prior = state(&made, &first);
    let changed = |name: &str, value: Value| {
        let mut inputs = first.clone();
        inputs[name] = value;
        diff(&provider, OUTPUTS, &prior, &inputs)
    };
    assert!(changed("name", json!("two")).is_empty());
    // What was printed is shown as the option, and is no change.
    assert!(changed("value", json!("hi\n")).is_empty());
    assert_eq!(changed("script", json!("echo ho")), ["script"]);
    assert_eq!(changed("script", Value::Null), ["script"]);
    let lost = ResourceState {
        outputs: Attributes::new(),
        ..prior.clone()
    };
    assert_eq!(diff(&provider, OUTPUTS, &lost, &first), ["value"]);

    let question = Update {
        resource: resource(OUTPUTS),
        prior,
        inputs: attributes(&json!({ "name": "one", "script": "echo ho" })),
    };
    let updated = provider.update(&question, LONG).unwrap();
    assert_eq!(updated.outputs["value"], "ho\n");
    provider.close(LONG).unwrap();
    let events = world.events.lock().unwrap();
    let talk = |event: &&ProviderEvent| matches!(event, ProviderEvent::Log { message, .. } if message == "talk");
    assert_eq!(events.iter().filter(talk).count(), 1, "{events:?}");
}

#[test]
fn a_script_that_fails_says_why() {
    let world = World::new();
    let provider = start(&world);
    let fails = |script: &str| {
        let inputs = json!({ "name": "one", "script": script });
        let error = provider.create(&create(OUTPUTS, &inputs), LONG);
        world.text(&error.unwrap_err())
    };
    assert_snapshot!(fails("echo no money >&2; exit 3"), @"NixOps itself: `create`: the script failed (exit status: 3): no money");
    assert_snapshot!(fails("printf '\\377'"), @"NixOps itself: `create`: what the script printed is not UTF-8");
    let inputs = json!({ "name": "one", "value": "said" });
    let made = provider.create(&create(OUTPUTS, &inputs), LONG).unwrap();
    assert_eq!(made.outputs["value"], "said");
}

#[test]
fn a_script_sees_no_standard_input_and_stands_in_no_arguments() {
    let world = World::new();
    let provider = start(&world);
    let script = "cat; tr '\\0' ' ' < /proc/$$/cmdline; : planted-word";
    let inputs = json!({ "name": "one", "script": script });
    let made = provider.create(&create(OUTPUTS, &inputs), LONG).unwrap();
    let line = made.outputs["value"].as_str().unwrap();
    assert!(
        line.starts_with("/bin/sh /") && !line.contains("planted"),
        "{line}"
    );
}

#[test]
fn a_script_that_is_wanted_no_more_is_ended() {
    let world = World::new();
    let provider = start(&world);
    let begun = world.path("begun");
    let script = format!("echo $$ > {begun}; exec sleep 1000");
    let inputs = json!({ "name": "one", "script": script });
    let error = provider.create(&create(OUTPUTS, &inputs), Duration::from_secs(1));
    let error = error.unwrap_err().to_string();
    assert!(error.ends_with("did not finish within 1 s"), "{error}");
    let process = fs::read_to_string(&begun).unwrap();
    let process = format!("/proc/{}", process.trim());
    while Utf8Path::new(&process).exists() {
        thread::sleep(Duration::from_millis(10));
    }
    // The provider lives on.
    provider.schema(LONG).unwrap();
}
