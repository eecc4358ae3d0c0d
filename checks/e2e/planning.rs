//! What a deploy would do, said before.

use insta::assert_snapshot;
use nixops::{
    plan::{Action, MachineAction, PackageChangeKind, Shown},
    state::Key,
};
use serde_json::Value;

use crate::{
    lab::Lab,
    plans_lab::{of, same, without_uuids},
};

const NETWORK: &str = "resources.sshKeyPairs.pair = { };
    resources.neatcloudSshKeys.own = { resources, ... }: {
      publicKey = resources.sshKeyPairs.pair.publicKey;
    };
    resources.neatcloudVolumes.data = { size = 10; };";

/// A network of resources that are made quickly.
fn lab() -> Lab {
    let lab = Lab::without_hosts();
    change(&lab, NETWORK);
    lab
}

fn change(lab: &Lab, attributes: &str) {
    let input = lab.neatcloud();
    lab.network_of(&input, attributes);
}

#[test]
fn a_plan_of_what_was_never_deployed_changes_nothing_anywhere() {
    let lab = lab();
    // What is locked is written by who first reads the network.
    lab.call(&["eval"]).exits(0);
    let before = lab.everything();
    let run = lab.call(&["plan"]);
    run.exits(0);
    assert_snapshot!(without_uuids(&run.stderr), @r#"
    + neatcloudSshKeys.own  create
        name: "nixops-UUID-own"
        publicKey: (known after apply)
    + neatcloudVolumes.data  create
        name: "nixops-UUID-data"
        region: "north"
        size: 10
    + sshKeyPairs.pair  create
        privateKey: (sensitive)
        publicKey: ""

    3 resources: 3 to create
    "#);
    let plan = lab.planned(&[]);
    assert_eq!(of(&plan, "sshKeyPairs", "pair").action, Action::Create);
    assert_eq!(of(&plan, "neatcloudVolumes", "data").action, Action::Create);
    let own = of(&plan, "neatcloudSshKeys", "own");
    assert_eq!(own.awaits, [Key::new("sshKeyPairs", "pair")].into());
    same(&before, &lab.everything());
    lab.nothing_was_made();
    assert!(!lab.directory.join("nixops.json").exists());
}

/// The id of a volume, by its name in the network.
fn volume(lab: &Lab, name: &str) -> String {
    let all = lab.cloud_has("volumes");
    let is = |volume: &&Value| {
        volume["name"]
            .as_str()
            .unwrap()
            .ends_with(&format!("-{name}"))
    };
    all.iter().find(is).unwrap()["id"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn a_plan_says_what_is_done_with_each_and_why() {
    let lab = lab();
    let more = "resources.neatcloudVolumes.moved = { size = 1; };
        resources.neatcloudVolumes.shrunk = { size = 4; };
        resources.neatcloudVolumes.old = { size = 1; };
        resources.commandOutput.count.script = \"echo 10\";
        resources.neatcloudVolumes.counted = { resources, ... }: {
          size = builtins.fromJSON resources.commandOutput.count.value;
        };";
    change(&lab, &format!("{NETWORK}{more}"));
    lab.deploy(&[]).exits(0);
    let run = lab.call(&["plan"]);
    run.exits(0);
    assert_snapshot!(without_uuids(&run.stderr), @"nothing is to be done: 8 resources: 8 to keep");

    let more = more
        .replace(
            "moved = { size = 1;",
            "moved = { size = 1; region = \"south\";",
        )
        .replace("resources.neatcloudVolumes.old = { size = 1; };", "")
        .replace("echo 10", "echo 20");
    let network = format!("{NETWORK}{more}").replace("data = { size = 10", "data = { size = 20");
    change(&lab, &network);
    lab.cloud(&["resize", &volume(&lab, "shrunk"), "2"]);
    lab.call(&["eval"]).exits(0);
    let before = lab.everything();
    let run = lab.call(&["plan"]);
    run.exits(0);
    assert_snapshot!(without_uuids(&run.stderr), @r#"
    ~ commandOutput.count  update
        script: "echo 10" → "echo 20"
    ? neatcloudVolumes.counted  decide later: keep or update  (it reads outputs of commandOutput.count)
    ~ neatcloudVolumes.data  update
        size: 10 → 20
    ± neatcloudVolumes.moved  replace: delete, then create  (`region` cannot be changed in place)
        region: "north" → "south"  # forces replacement
    ! neatcloudVolumes.old  obsolete: kept until --kill-obsolete  (the network has it no more)
    ~ neatcloudVolumes.shrunk  update
        size: 2 → 4

    8 resources: 2 to keep, 3 to update, 1 to replace, 1 obsolete, 1 to decide later
    "#);
    let plan = lab.planned(&["--kill-obsolete"]);
    assert_eq!(of(&plan, "neatcloudVolumes", "old").action, Action::Delete);
    let counted = of(&plan, "neatcloudVolumes", "counted");
    assert_eq!(counted.awaits, [Key::new("commandOutput", "count")].into());
    let change = &of(&plan, "neatcloudVolumes", "moved").changes[0];
    assert!(change.replaces && change.path == ["region"], "{change:?}");
    assert!(matches!(change.after, Shown::Value(_)), "{change:?}");
    same(&before, &lab.everything());
}

#[test]
fn a_plan_tells_how_the_packages_of_a_system_differ_and_asks_no_host() {
    let lab = Lab::with_hosts(["web"]);
    let network = |more: &str| {
        lab.network(&format!(
            "web = {{ pkgs, ... }}: {{ {} {more} }}; db = {{ {} }};",
            lab.reach("web"),
            lab.reach("web")
        ));
    };
    network("");
    lab.deploy(&["--on", "web"]).exits(0);
    let connections = lab.connections("web");
    network("environment.systemPackages = [ pkgs.hello ];");
    let before = lab.everything();
    let plan = lab.planned(&[]);
    let web = &plan.machines["web"];
    assert_eq!(web.action, MachineAction::Deploy);
    assert!(web.closure.is_none(), "{web:?}");
    assert_eq!(plan.machines["db"].before, None);
    let built = lab.planned(&["--build"]);
    let web = &built.machines["web"];
    assert_ne!(web.before, web.system);
    let closure = web.closure.as_ref().unwrap();
    assert_eq!(closure.packages["hello"].kind, PackageChangeKind::Added);
    assert!(
        closure.new_paths > 0 && closure.new_size > 0,
        "{closure:#?}"
    );
    let run = lab.call(&["plan", "--build"]);
    run.exits(0);
    assert_snapshot!(run.stderr, @r"
    + db  deploy
    ~ web  deploy
        + hello  +792 B
        rebuilt: nixos-system-web, system-path
        closure: 60 kB (+1.0 kB), 3 new paths of 23 kB

    2 machines: 2 to deploy
    ");
    same(&before, &lab.everything());
    assert_eq!(lab.connections("web"), connections);
    lab.deploy(&["--on", "web"]).exits(0);
    let plan = lab.planned(&["--on", "web"]);
    assert_eq!(plan.machines["web"].action, MachineAction::Keep);
}

#[test]
fn a_plan_for_one_machine_has_everything_that_its_system_reads() {
    let lab = Lab::without_hosts();
    lab.network(
        "resources.sshKeyPairs = { one = { }; two = { }; other = { }; };
         web = { resources, ... }: {
           environment.etc.one.text = resources.sshKeyPairs.one.publicKey;
           environment.etc.two.text = resources.sshKeyPairs.two.publicKey;
         };
         db = { resources, ... }: { environment.etc.one.text = resources.sshKeyPairs.other.publicKey; };",
    );
    let plan = lab.planned(&["--on", "web"]);
    let names: Vec<_> = plan
        .resources
        .all()
        .map(|planned| planned.key.name.as_str())
        .collect();
    assert_eq!(names, ["one", "two"]);
    assert_eq!(plan.machines["web"].action, MachineAction::Later);
    assert_eq!(plan.machines.len(), 1);
}

#[test]
fn a_plan_for_one_machine_has_what_is_decided_later_and_what_that_waits_for() {
    let lab = Lab::without_hosts();
    let input = lab.neatcloud();
    let network = "resources.commandOutput.count.script = \"echo 2\";
         resources.neatcloudVolumes.counted = { resources, ... }: {
           size = builtins.fromJSON resources.commandOutput.count.value;
         };
         resources.commandOutput.other.script = \"echo 0\";
         web = { resources, ... }: {
           environment.etc.disk.text = resources.neatcloudVolumes.counted.id;
         };
         db = { resources, ... }: {
           deployment.targetEnv = \"neatcloud\";
           deployment.neatcloud.size =
             if resources.commandOutput.count.value == \"2\" then \"small\" else \"large\";
         };";
    lab.network_of(&input, network);
    let planned = |machine: &str| -> Vec<String> {
        let plan = lab.planned(&["--on", machine]);
        let all = plan.resources.all();
        all.map(|planned| planned.key.to_string()).collect()
    };
    assert_eq!(
        planned("web"),
        ["commandOutput.count", "neatcloudVolumes.counted"]
    );
    assert_eq!(planned("db"), ["commandOutput.count", "neatcloud.db"]);
}

#[test]
fn what_is_obsolete_is_no_matter_of_some_machines() {
    let lab = Lab::without_hosts();
    lab.network("web = { }; db = { };");
    lab.call(&["plan", "--on", "web", "--kill-obsolete"])
        .exits(1)
        .says("--kill-obsolete deletes nothing in a run that is about a part of the network");
}
