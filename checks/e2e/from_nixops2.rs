//! Coming from NixOps 2: the next deploy of the same network makes nothing anew.

use std::fs;

use nixops::plan::{Action, MachineAction};
use rusqlite::Connection;
use serde_json::Value;

use crate::{
    lab::Lab,
    plans_lab::{of, same},
};

const UUID: &str = "0a1b2c3d-0000-11ee-8000-00005e005301";

/// What NixOps 2 has of a key pair and a machine.
struct Old {
    system: String,
    public: String,
    private: String,
}

/// A host that runs a system, as NixOps 2 would have deployed it, and its state file.
fn lab() -> (Lab, Old) {
    let lab = Lab::with_hosts(["web"]);
    network(&lab, "");
    lab.deploy(&[]).exits(0);
    let physical = lab.told(&["show-physical", "--include-secrets"]);
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let pair = &physical["resources"]["sshKeyPairs"]["pair"];
    let old = Old {
        system: text(&physical["web"]["system"]),
        public: text(&pair["publicKey"]),
        private: text(&pair["privateKey"]),
    };
    fs::remove_dir_all(lab.rig.home().join("state/nixops")).unwrap();
    fs::remove_file(lab.directory.join("nixops.json")).unwrap();
    write_state(&lab, &old, &old.system);
    (lab, old)
}

fn network(lab: &Lab, more: &str) {
    lab.network(&format!(
        "resources.sshKeyPairs.pair = {{ }};
         web = {{ resources, ... }}: {{
           {} environment.etc.key.text = resources.sshKeyPairs.pair.publicKey; {more}
         }};",
        lab.reach("web")
    ));
}

/// Writes a state of schema 3; `system` is what the machine was last made to run.
fn write_state(lab: &Lab, old: &Old, system: &str) {
    let path = lab.place("deployments.nixops");
    // The one of another run.
    let _ = fs::remove_file(&path);
    let host = lab.host("web");
    let schema = include_str!("../../src/state/nixops2/schema_3.sql");
    let filled = format!(
        "INSERT INTO Deployments VALUES ('{UUID}');
         INSERT INTO DeploymentAttrs VALUES ('{UUID}', 'name', 'shop');
         INSERT INTO Resources VALUES (1, '{UUID}', 'web', 'none'), (2, '{UUID}', 'pair', 'ssh-keypair'),
           (3, '{UUID}', 'disk', 'ebs-volume');
         INSERT INTO ResourceAttrs VALUES
           (1, 'targetHost', '{}'), (1, 'targetPort', '{}'), (1, 'toplevel', '{system}'),
           (1, 'configsPath', '/nix/store/old-nixops-machines'), (1, 'state', '3'),
           (2, 'publicKey', '{}'), (2, 'privateKey', '{}'), (2, 'state', '3'),
           (3, 'volumeId', 'vol-1'), (3, 'state', '3');",
        host.address, host.port, old.public, old.private
    );
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch(&format!("{schema}{filled}"))
        .unwrap();
}

fn import(lab: &Lab) {
    let run = lab.call(&["import", &lab.place("deployments.nixops")]);
    run.exits(0)
        .says("kept as they are until a plugin knows them: ebs-volume.disk");
}

fn key_is(lab: &Lab, old: &Old) {
    let physical = lab.told(&["show-physical", "--include-secrets"]);
    let pair = &physical["resources"]["sshKeyPairs"]["pair"];
    assert_eq!(pair["publicKey"], old.public.as_str());
    assert_eq!(pair["privateKey"], old.private.as_str());
}

#[test]
fn what_nixops_2_deployed_is_not_made_anew() {
    let (lab, old) = lab();
    let host = lab.state("web");
    import(&lab);
    assert_eq!(lab.told(&["info"])["deployment"]["uuid"], UUID);
    let plan = lab.planned(&[]);
    assert_eq!(of(&plan, "sshKeyPairs", "pair").action, Action::Keep);
    assert_eq!(
        plan.machines["web"].action,
        MachineAction::Keep,
        "{plan:#?}"
    );
    assert!(plan.is_empty(), "{plan:#?}");
    let run = lab.deploy(&["--json"]);
    run.exits(0);
    assert_eq!(run.result("web"), "unchanged");
    assert_eq!(lab.state("web"), host);
    key_is(&lab, &old);

    // What nobody knows stays, and is no obstacle for what is to be deleted.
    lab.deploy(&["--kill-obsolete", "--yes"])
        .exits(0)
        .does_not_say("disk");
    let info = lab.call(&["info", "--plain"]);
    assert!(info.stdout.contains("disk\tkept\tebs-volume"), "{info:#?}");
    key_is(&lab, &old);
}

#[test]
fn a_machine_that_ran_another_system_is_deployed() {
    let (lab, old) = lab();
    write_state(
        &lab,
        &old,
        "/nix/store/00000000000000000000000000000000-nixos-system-web-old",
    );
    import(&lab);
    network(&lab, "environment.etc.more.text = \"more\";");
    let plan = lab.planned(&[]);
    assert_eq!(plan.machines["web"].action, MachineAction::Deploy);
    let run = lab.deploy(&["--json"]);
    run.exits(0);
    assert_eq!(run.result("web"), "activated");
    assert_eq!(lab.read("web", "/etc/more"), "more");
    assert_eq!(lab.read("web", "/etc/key"), old.public);
    key_is(&lab, &old);
    assert!(lab.planned(&[]).is_empty());
}

#[test]
fn an_export_goes_into_another_state_and_the_next_plan_is_empty() {
    let (lab, old) = lab();
    import(&lab);
    lab.deploy(&[]).exits(0);
    let export = lab.call(&["export", "--include-secrets"]);
    export.exits(0);
    lab.beside("export.json", &export.stdout);
    let other = lab.place("other.db");
    lab.call(&["import", &lab.place("export.json"), "--state", &other])
        .exits(0);
    let again = lab.call(&["export", "--include-secrets", "--state", &other]);
    assert_eq!(again.stdout, export.stdout);
    let before = lab.state_files();
    let plan = lab.planned(&["--state", &other]);
    assert!(plan.is_empty(), "{plan:#?}");
    let run = lab.deploy(&["--state", &other, "--json"]);
    run.exits(0);
    assert_eq!(run.result("web"), "unchanged");
    same(&before, &lab.state_files());
    key_is(&lab, &old);
}
