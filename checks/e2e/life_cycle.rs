//! What the network says of the beginning and the end of resources, and what is obsolete.

use nixops::state::{Key, Operation};
use serde_json::json;

use crate::{
    lab::Lab,
    resources_lab::{actions, of_resources},
};

/// Volumes are known in the cloud by a name of their own, so that they may have another one here.
const DATA: &str = "resources.neatcloudVolumes.data = { name = \"disk\"; size = 10; };";

fn volume(lab: &Lab, name: &str) -> String {
    let recorded = lab.recorded().current;
    recorded[&Key::new("neatcloudVolumes", name)]
        .state
        .id
        .clone()
}

/// What a plan would do with a volume.
fn planned(lab: &Lab, arguments: &[&str], name: &str) -> String {
    let arguments = [&["--json"], arguments].concat();
    let plan = lab.run_verb("plan", &arguments);
    plan.exits(0);
    actions(&plan.json())[&format!("neatcloudVolumes.{name}")].clone()
}

/// The volume `data` with its life cycle, and more.
fn with_lifecycle(lifecycle: &str, more: &str) -> String {
    let data = DATA.replace(
        "size =",
        &format!("deployment.lifecycle = {{ {lifecycle} }}; size ="),
    );
    format!("{data} {more}")
}

#[test]
fn a_resource_with_another_name_is_the_same_one_where_an_alias_says_so() {
    let reader = |name: &str| {
        format!(
            "resources.neatcloudTokens.reads = {{ resources, ... }}: {{ note = resources.neatcloudVolumes.{name}.id; }};"
        )
    };
    let lab = of_resources(&format!("{DATA} {}", reader("data")));
    lab.settle().exits(0);
    let id = volume(&lab, "data");
    let renamed = DATA.replace(
        ".data = {",
        ".disk = { deployment.lifecycle.aliases = [ \"data\" ];",
    );
    lab.define(&format!("{renamed} {}", reader("disk")));
    let plan = lab.run_verb("plan", &["-v"]);
    plan.exits(0)
        .says("neatcloudVolumes.disk")
        .says("neatcloudVolumes.data before");
    assert_eq!(volume(&lab, "data"), id);
    lab.settle()
        .exits(0)
        .does_not_say("replaced")
        .does_not_say("created");
    assert_eq!(volume(&lab, "disk"), id);
    lab.is_settled(&[
        "neatcloudTokens id of disk read",
        "neatcloudVolumes disk 10 north",
    ]);
    let needs = &lab.recorded().current[&Key::new("neatcloudTokens", "reads")].needs;
    assert!(
        needs.contains(&Key::new("neatcloudVolumes", "disk")),
        "{needs:?}"
    );

    // Two that both want to have been it.
    let two = renamed.replace(".disk", ".one")
        + &renamed
            .replace(".disk", ".two")
            .replace("\"disk\"", "\"other\"");
    lab.define(&two.replace("\"data\"", "\"disk\""));
    let run = lab.settle();
    run.exits(1)
        .says("neatcloudVolumes.one")
        .says("neatcloudVolumes.two");
    assert_eq!(volume(&lab, "disk"), id);
}

#[test]
fn what_is_protected_is_neither_replaced_nor_deleted_nor_destroyed() {
    let lab = of_resources(&with_lifecycle(
        "protect = true;",
        "resources.neatcloudTokens.t = { };",
    ));
    lab.settle().exits(0);
    let id = volume(&lab, "data");
    let truth = lab.truth();
    let protected = |run: crate::lab::Run, would: &str| {
        run.exits(1)
            .says(&format!(
                "neatcloudVolumes.data would be {would}, and is protected"
            ))
            .says("`resources.neatcloudVolumes.data.deployment.lifecycle.protect` is true")
            .says("hint: ");
        assert_eq!(lab.truth(), truth);
    };
    lab.define(
        &with_lifecycle("protect = true;", "")
            .replace("size = 10", "size = 10; region = \"south\""),
    );
    protected(lab.settle(), "replaced");
    lab.define("resources = { };");
    protected(lab.settle(), "deleted");
    lab.define("}");
    protected(lab.run_verb("destroy", &["--yes"]), "deleted");
    // A change in place is none of its business; and one that says otherwise is heard.
    lab.define(&with_lifecycle("protect = true;", "").replace("size = 10", "size = 20"));
    lab.settle().exits(0);
    assert_eq!(volume(&lab, "data"), id);
    lab.define(DATA.replace("size = 10", "size = 20").as_str());
    lab.settle().exits(0);
    lab.run_verb("destroy", &["--yes"]).exits(0);
    assert_eq!((lab.truth().len(), lab.recorded().current.len()), (0, 0));
}

#[test]
fn what_is_protected_stays_though_its_replacement_is_seen_only_while_others_are_made() {
    let network = |region: &str| {
        format!(
            "resources.neatcloudVolumes.first = {{ size = 1; region = \"{region}\"; }};
             resources.neatcloudVolumes.second = {{ resources, ... }}: {{
               name = \"of-${{resources.neatcloudVolumes.first.id}}\"; size = 1; LIFE }};"
        )
    };
    let lab =
        of_resources(&network("north").replace("LIFE", "deployment.lifecycle.protect = true;"));
    lab.settle().exits(0);
    let id = volume(&lab, "second");
    lab.define(&network("south").replace("LIFE", "deployment.lifecycle.protect = true;"));
    let run = lab.settle();
    run.exits(1)
        .says("neatcloudVolumes.second")
        .says("is protected");
    assert_eq!(volume(&lab, "second"), id);
    lab.state_agrees();

    // Nor is it lost without a question where it is not.
    lab.define(&network("south").replace("LIFE", ""));
    let run = lab.run_verb("deploy", &[]);
    run.exits(1)
        .says("replaces or deletes neatcloudVolumes.second")
        .says("--yes agrees");
    assert_eq!(volume(&lab, "second"), id);
    lab.settle().exits(0);
    assert_ne!(volume(&lab, "second"), id);
    lab.agrees();
}

#[test]
fn what_is_retained_is_forgotten_and_stays() {
    let lab = of_resources(&with_lifecycle(
        "retain = true;",
        "resources.neatcloudTokens.t = { };",
    ));
    lab.settle().exits(0);
    lab.keep_as("before");
    lab.define("resources.neatcloudTokens.t = { };");
    lab.settle()
        .exits(0)
        .says("neatcloudVolumes.data> forgotten, and left as it is");
    assert_eq!(
        lab.things(),
        ["neatcloudTokens t read", "neatcloudVolumes disk 10 north"]
    );
    assert_eq!(lab.recorded().current.len(), 1);
    lab.back_to("before");
    lab.run_verb("destroy", &["--yes"]).exits(0);
    assert_eq!(lab.things(), ["neatcloudVolumes disk 10 north"]);
    assert_eq!(lab.recorded().current.len(), 0);
}

#[test]
fn changes_that_are_to_be_ignored_are_whoever_makes_them() {
    let lab = of_resources(&with_lifecycle(
        "ignoreChanges = [ \"size\" \"region\" ];",
        "",
    ));
    lab.settle().exits(0);
    let other = with_lifecycle("ignoreChanges = [ \"size\" \"region\" ];", "")
        .replace("size = 10", "size = 20; region = \"south\"");
    lab.define(&other);
    assert_eq!(planned(&lab, &[], "data"), "keep");
    lab.settle().exits(0);
    lab.is_settled(&["neatcloudVolumes disk 10 north"]);
    lab.define(&other.replace(
        "ignoreChanges = [ \"size\" \"region\" ];",
        "ignoreChanges = [ \"region\" ];",
    ));
    assert_eq!(planned(&lab, &[], "data"), "update");
    lab.settle().exits(0);
    lab.is_settled(&["neatcloudVolumes disk 20 north"]);
}

#[test]
fn a_change_may_be_said_to_replace() {
    let lab = of_resources(&with_lifecycle("replaceOn = [ \"size\" ];", ""));
    lab.settle().exits(0);
    let id = volume(&lab, "data");
    lab.define(&with_lifecycle("replaceOn = [ \"size\" ];", "").replace("size = 10", "size = 20"));
    assert_eq!(planned(&lab, &[], "data"), "replace");
    lab.run_verb("deploy", &[])
        .exits(1)
        .says("there is nobody to ask (--yes agrees)");
    assert_eq!(volume(&lab, "data"), id);
    lab.settle()
        .exits(0)
        .says("neatcloudVolumes.data> replaced");
    assert_ne!(volume(&lab, "data"), id);
    lab.is_settled(&["neatcloudVolumes disk 20 north"]);
}

#[test]
fn a_new_one_is_made_before_the_old_one_goes_and_who_uses_it_uses_the_new_one() {
    let network = |scope: &str| {
        format!(
            "resources.neatcloudTokens.turns = {{ scope = \"{scope}\"; deployment.lifecycle.createFirst = true; }};
             resources.neatcloudTokens.reads = {{ resources, ... }}: {{ note = resources.neatcloudTokens.turns.id; }};"
        )
    };
    let lab = of_resources(&network("read"));
    lab.settle().exits(0);
    let before = lab.journal().len();
    lab.define(&network("write"));
    lab.settle()
        .exits(0)
        .says("neatcloudTokens.turns> replaced");
    let journal = lab.journal().split_off(before);
    let steps: Vec<String> = journal
        .iter()
        .map(|line| {
            format!(
                "{} {:?} {:?}",
                line.entry.key.name, line.entry.operation, line.entry.stage
            )
        })
        .collect();
    let at = |step: &str| {
        steps
            .iter()
            .position(|one| one == step)
            .unwrap_or_else(|| panic!("no {step}: {steps:#?}"))
    };
    assert!(
        at("turns Create Done") < at("reads Update Intent"),
        "{steps:#?}"
    );
    assert!(
        at("reads Update Done") < at("turns Delete Intent"),
        "{steps:#?}"
    );
    lab.is_settled(&[
        "neatcloudTokens id of turns read",
        "neatcloudTokens turns write",
    ]);
    assert!(
        journal
            .iter()
            .any(|line| line.entry.operation == Operation::Depose)
    );
}

#[test]
fn a_replacement_that_cannot_be_made_first_leaves_the_old_one_as_it_was() {
    let lab = of_resources(&with_lifecycle("createFirst = true;", ""));
    lab.settle().exits(0);
    let before = lab.recorded();
    lab.define(
        &with_lifecycle("createFirst = true;", "")
            .replace("size = 10", "size = 10; region = \"south\""),
    );
    lab.settle()
        .exits(1)
        .says("the cloud has a volume `disk` already");
    assert_eq!(lab.recorded(), before);
    assert_eq!(lab.things(), ["neatcloudVolumes disk 10 north"]);
    lab.define(DATA);
    lab.settle().exits(0);
    lab.agrees();
}

#[test]
fn what_is_obsolete_is_kept_until_its_end_is_asked_for() {
    let lab = of_resources(&format!("{DATA} resources.neatcloudTokens.t = {{ }};"));
    lab.settle().exits(0);
    lab.define("resources.neatcloudTokens.t = { };");
    assert_eq!(planned(&lab, &[], "data"), "obsolete");
    assert_eq!(planned(&lab, &["--kill-obsolete"], "data"), "delete");
    lab.run_verb("deploy", &[]).exits(0);
    assert_eq!(
        lab.things(),
        ["neatcloudTokens t read", "neatcloudVolumes disk 10 north"]
    );
    lab.run_verb("deploy", &["--kill-obsolete"])
        .exits(1)
        .says("this replaces or deletes neatcloudVolumes.data; nothing was done");
    assert_eq!(lab.things().len(), 2);
    // It is there again before anybody asked.
    lab.define(DATA);
    lab.run_verb("deploy", &[]).exits(0).does_not_say("created");
    assert_eq!(lab.things().len(), 2);
    lab.settle().exits(0);
    lab.is_settled(&["neatcloudVolumes disk 10 north"]);
}

#[test]
fn nothing_is_obsolete_as_long_as_something_fails_to_evaluate_or_only_a_part_is_meant() {
    let lab = of_resources(&format!("{DATA} resources.neatcloudTokens.t = {{ }};"));
    lab.settle().exits(0);
    let truth = lab.truth();
    for broken in [
        "resources.neatcloudTokens.t.note = throw \"broken\";",
        "resources.neatcloudTokens.t = throw \"broken\";",
        "resources.neatcloudTokens.t = { }; web.deployment.targetHost = throw \"broken\";",
        "resources.neatcloudTokens.t = { }; web = throw \"broken\";",
        "resources.neatcloudTokens.t = { }; resources.neatcloudSshKeys = throw \"broken\";",
        "resources = throw \"broken\";",
        "throw \"broken\"",
    ] {
        lab.define(broken);
        let run = lab.settle();
        run.exits(1).says("broken");
        assert_eq!(lab.truth(), truth, "{broken}: {run:#?}");
        assert_eq!(lab.recorded().current.len(), 2, "{broken}");
    }
    lab.define("resources.neatcloudTokens.t = { }; web = { }; db = { };");
    lab.run_verb("deploy", &["--kill-obsolete", "--yes", "--on", "web"])
        .exits(1)
        .says("--kill-obsolete deletes nothing in a run that is about a part of the network");
    assert_eq!(lab.truth(), truth);
}

#[test]
fn a_resource_whose_plugin_is_gone_stops_no_other_and_is_not_lost() {
    let pair = "resources.sshKeyPairs.k = { };";
    let lab = of_resources(&format!("{DATA} {pair}"));
    lab.settle().exits(0);
    let flake = lab.text("flake.nix");
    lab.network_of("", "} // import ./network.nix // {");
    lab.define(&pair.replace(".k", ".l"));
    let run = lab.run_verb("deploy", &[]);
    run.exits(0).says("sshKeyPairs.l> created");
    assert_eq!(lab.things(), ["neatcloudVolumes disk 10 north"]);
    lab.settle()
        .exits(1)
        .says("neatcloud is not a plugin of the network any more")
        .says("neatcloudVolumes.data");
    // To destroy all the rest leaves it, and says so.
    let run = lab.run_verb("destroy", &["--yes"]);
    run.exits(1).says("neatcloudVolumes.data").says("neatcloud");
    let left: Vec<String> = lab
        .recorded()
        .current
        .keys()
        .map(ToString::to_string)
        .collect();
    assert_eq!(left, ["neatcloudVolumes.data"]);
    assert_eq!(lab.things(), ["neatcloudVolumes disk 10 north"]);
    lab.write("flake.nix", &flake).define(DATA);
    lab.settle().exits(0);
    lab.is_settled(&["neatcloudVolumes disk 10 north"]);
}

#[test]
fn what_somebody_made_is_taken_over() {
    let lab = of_resources(DATA);
    lab.settle().exits(0);
    let id = volume(&lab, "data");
    // A state that knows nothing of it.
    std::fs::remove_dir_all(lab.place("state/nixops")).unwrap();
    lab.run_verb("import-resource", &["neatcloudVolumes.data", "vol-none"])
        .exits(1)
        .says("the cloud has no such volume");
    lab.run_verb("import-resource", &["neatcloudVolumes.data", &id])
        .exits(0);
    assert_eq!(planned(&lab, &[], "data"), "keep");
    lab.run_verb("import-resource", &["neatcloudVolumes.data", &id])
        .exits(1)
        .says("neatcloudVolumes.data");
    lab.define(&DATA.replace("size = 10", "size = 11"));
    lab.settle().exits(0).says("neatcloudVolumes.data> updated");
    assert_eq!(volume(&lab, "data"), id);
    assert_eq!(lab.things(), ["neatcloudVolumes disk 11 north"]);
    lab.run_verb("destroy", &["--yes"]).exits(0);
    assert_eq!(lab.truth().len(), 0);
}

#[test]
fn what_is_lost_behind_our_back_is_made_anew_and_what_is_changed_is_changed_back() {
    let lab = of_resources(&format!("{DATA} resources.neatcloudVolumes.more.size = 1;"));
    lab.settle().exits(0);
    lab.order_faults(&json!([{ "method": "update", "name": "more", "fault": "lose" }]));
    lab.define(&format!("{DATA} resources.neatcloudVolumes.more.size = 2;"));
    lab.settle().exits(0);
    assert_eq!(lab.things(), ["neatcloudVolumes disk 10 north"]);
    let plan = lab.run_verb("plan", &[]);
    plan.exits(0)
        .says("neatcloudVolumes.more")
        .says("it is gone");
    lab.settle().exits(0).says("neatcloudVolumes.more> created");
    lab.is_settled(&[
        "neatcloudVolumes disk 10 north",
        "neatcloudVolumes more 2 north",
    ]);
}

#[test]
fn what_is_taken_over_is_not_replaced_before_a_plan_has_said_so() {
    let lab = of_resources(DATA);
    lab.order_faults(&json!([{ "method": "create", "fault": "crashAfter" }]));
    lab.settle().exits(1);
    lab.define(&DATA.replace("size = 10", "size = 10; region = \"south\""));
    lab.run_verb("deploy", &[])
        .exits(1)
        .says("neatcloudVolumes.data: it would be replaced now, which the plan did not say");
    let id = volume(&lab, "data");
    assert_eq!(lab.things(), ["neatcloudVolumes disk 10 north"]);
    lab.state_agrees();
    lab.run_verb("deploy", &[])
        .exits(1)
        .says("this replaces or deletes neatcloudVolumes.data");
    assert_eq!(volume(&lab, "data"), id);
    lab.settle().exits(0);
    lab.is_settled(&["neatcloudVolumes disk 10 south"]);
}

#[test]
fn what_is_selected_is_destroyed_and_nothing_else() {
    let lab = Lab::without_hosts();
    lab.network(
        "resources.commandOutput = { ape.script = \"echo a\"; ant.script = \"echo b\"; bee.script = \"echo c\"; };",
    );
    lab.nixops(["deploy"]).exits(0);
    let left = || {
        let info = lab.nixops(["info", "--json"]).json();
        let things = info["things"].as_array().unwrap().clone();
        let names = things
            .iter()
            .map(|thing| thing["name"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    lab.nixops(["destroy", "--yes", "--on", "commandOutput.cat"])
        .exits(1)
        .says("no machine matches 'commandOutput.cat'")
        .says("did you mean 'commandOutput.ant'?");
    let run = lab.nixops(["destroy", "--yes", "--on", "*.a*", "--exclude", "*.ape"]);
    run.exits(0).says("commandOutput.ant> deleted");
    assert_eq!(left(), ["ape", "bee"]);
    lab.nixops(["destroy", "--yes", "commandOutput.ape"])
        .exits(0);
    assert_eq!(left(), ["bee"]);
    lab.nixops(["destroy", "--yes"]).exits(0);
    assert!(left().is_empty());
}
