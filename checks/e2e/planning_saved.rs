//! A plan in a file: exactly it is done, or nothing that it does not say.

use std::fs;

use serde_json::{Value, json};

use crate::{
    lab::Lab,
    plans_lab::{fits, same},
};

/// A network of one volume, which is quick.
fn lab() -> Lab {
    let lab = Lab::without_hosts();
    lab.neatcloud();
    sized(&lab, 10, "");
    lab
}

/// The network with a volume of a size, and more.
fn sized(lab: &Lab, size: u32, more: &str) {
    // The plugin stays as it was written: when that was is recorded too.
    let input = format!(
        "inputs.neatcloud.url = \"path:{}\";",
        lab.place("neatcloud")
    );
    let data = format!("resources.neatcloudVolumes.data.size = {size};");
    lab.network_of(&input, &format!("{data} {more}"));
}

/// Saves a plan beside the network, so that the network stays what it was.
#[track_caller]
fn save(lab: &Lab, words: &[&str]) -> Value {
    let path = lab.place("the.plan");
    let words: Vec<_> = ["plan", "--out", &path]
        .iter()
        .chain(words)
        .copied()
        .collect();
    let run = lab.call(&words);
    run.exits(0).says("does exactly this");
    let plan: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    fits("saved-plan", &plan);
    plan
}

#[track_caller]
fn refused(lab: &Lab, words: &[&str], says: &[&str]) {
    let before = lab.state_files();
    let path = lab.place("the.plan");
    let words: Vec<_> = ["--plan", &path].iter().chain(words).copied().collect();
    let run = lab.deploy(&words);
    run.exits(1);
    for words in says {
        run.says(words);
    }
    same(&before, &lab.state_files());
}

fn sizes(lab: &Lab) -> Vec<Value> {
    let volumes = lab.cloud_has("volumes");
    volumes.iter().map(|one| one["size"].clone()).collect()
}

#[test]
fn a_first_deploy_by_a_plan_does_it_with_the_uuid_that_it_has() {
    let lab = lab();
    let plan = save(&lab, &[]);
    lab.nothing_was_made();
    let path = lab.place("the.plan");
    lab.deploy(&["--plan", &path])
        .exits(0)
        .says("neatcloudVolumes.data");
    assert_eq!(sizes(&lab), [json!(10)]);
    let deployment = &lab.told(&["info"])["deployment"];
    assert_eq!(deployment["uuid"], plan["deployment"]["uuid"]);
    refused(
        &lab,
        &[],
        &[
            "the plan does not fit any more",
            "the state has been changed since (serial 0",
        ],
    );
}

#[test]
fn a_plan_is_refused_where_anything_has_moved_and_says_what() {
    let lab = lab();
    lab.deploy(&[]).exits(0);
    sized(&lab, 20, "");
    save(&lab, &[]);
    sized(&lab, 30, "");
    refused(
        &lab,
        &[],
        &[
            "the source has been changed since (sha256-",
            "hint: make a new plan",
        ],
    );
    sized(&lab, 20, "");
    refused(
        &lab,
        &["--arg", "more", "1"],
        &["the network takes no arguments"],
    );
    // Another deploy came between.
    let out = lab.place("the.plan");
    let text = fs::read_to_string(&out).unwrap();
    lab.deploy(&["--resources-only"])
        .says("unexpected argument");
    lab.call(&["set-args", "--arg", "unused", "1"]).exits(0);
    lab.call(&["set-args", "--unset", "unused"]).exits(0);
    refused(&lab, &[], &["the state has been changed since (serial "]);
    assert_eq!(sizes(&lab), [json!(10)]);

    save(&lab, &[]);
    let edited = text.replace("\"size\"", "\"sise\"");
    assert_ne!(edited, text);
    fs::write(&out, edited).unwrap();
    refused(
        &lab,
        &[],
        &[
            "is not as it was written",
            "hint: a plan is done as it was made",
        ],
    );
    fs::write(&out, "{}").unwrap();
    refused(&lab, &[], &["is no plan that `nixops plan --out` wrote"]);
    fs::remove_file(&out).unwrap();
    refused(&lab, &[], &["cannot read the plan in "]);

    save(&lab, &[]);
    lab.deploy(&["--plan", &out, "--on", "web"]).exits(2);
    lab.deploy(&["--plan", &out]).exits(0);
    assert_eq!(sizes(&lab), [json!(20)]);
}

#[test]
fn a_plan_of_one_network_is_not_done_with_another() {
    let lab = Lab::without_hosts();
    let input = lab.neatcloud();
    let outputs = "resources.neatcloudVolumes.data.size = 10; };
        nixopsConfigurations.other = { inherit nixpkgs; resources.neatcloudVolumes.data.size = 11;";
    lab.network_of(&input, outputs);
    lab.deploy(&[]).exits(0);
    save(&lab, &[]);
    refused(
        &lab,
        &["--flake", ".#other"],
        &["the plan does not fit any more: it is for the network default, and this is other"],
    );
    assert_eq!(lab.told(&["list"]).as_array().unwrap().len(), 1);
    assert_eq!(sizes(&lab), [json!(10)]);
}

#[test]
fn what_was_not_known_may_be_done_as_far_as_the_plan_says() {
    let lab = Lab::without_hosts();
    let input = lab.neatcloud();
    let counted = |count: &str| {
        lab.network_of(
            &input,
            &format!(
                "resources.commandOutput.count.script = \"echo {count}\";
                 resources.neatcloudVolumes.counted = {{ resources, ... }}: {{
                   size = builtins.fromJSON resources.commandOutput.count.value;
                 }};"
            ),
        );
    };
    let path = lab.place("the.plan");
    counted("10");
    save(&lab, &[]);
    lab.deploy(&["--plan", &path]).exits(0);
    assert_eq!(sizes(&lab), [json!(10)]);
    counted("20");
    let plan = save(&lab, &[]);
    let resources = plan["plan"]["resources"].as_array().unwrap();
    let planned = |name: &str| {
        let mut found = resources.iter().filter(|one| one["name"] == name);
        found.next().unwrap_or_else(|| panic!("{plan:#}"))
    };
    assert_eq!(
        planned("counted")["may"],
        json!(["keep", "update"]),
        "{plan:#}"
    );
    lab.deploy(&["--plan", &path]).exits(0);
    assert_eq!(sizes(&lab), [json!(20)]);
    // A smaller volume is another one, which nobody has agreed to.
    counted("5");
    save(&lab, &[]);
    lab.deploy(&["--plan", &path])
        .exits(1)
        .says("neatcloudVolumes.counted")
        .says("would be replaced, and the plan says that it is ")
        .says("hint: what was done so far is kept; make a new plan");
    assert_eq!(sizes(&lab), [json!(20)]);
    save(&lab, &[]);
    lab.deploy(&["--plan", &path]).exits(0);
    assert_eq!(sizes(&lab), [json!(5)]);
}

#[test]
fn what_happened_to_a_resource_since_is_outside_of_the_plan() {
    let lab = lab();
    lab.deploy(&[]).exits(0);
    sized(&lab, 10, "resources.neatcloudVolumes.more.size = 1;");
    save(&lab, &[]);
    let volume = lab.cloud_has("volumes")[0]["id"].clone();
    lab.cloud(&["resize", volume.as_str().unwrap(), "5"]);
    refused(
        &lab,
        &[],
        &["neatcloudVolumes.data would be updated, and the plan says that it is kept"],
    );
    assert_eq!(sizes(&lab), [json!(5)]);
    lab.cloud(&["resize", volume.as_str().unwrap(), "10"]);
    let path = lab.place("the.plan");
    lab.deploy(&["--plan", &path]).exits(0);
    assert_eq!(lab.cloud_has("volumes").len(), 2);
}

#[test]
fn a_plan_of_some_machines_is_for_these() {
    let lab = Lab::with_hosts(["web", "db"]);
    let machine = |name: &str| format!("{name} = {{ {} }};", lab.reach(name));
    lab.network(&(machine("web") + &machine("db")));
    save(&lab, &["--on", "web"]);
    let path = lab.place("the.plan");
    let run = lab.deploy(&["--plan", &path, "--json"]);
    run.exits(0);
    assert_eq!(run.result("web"), "activated");
    assert_eq!(lab.state("db").generations.len(), 0, "{run:#?}");
}
