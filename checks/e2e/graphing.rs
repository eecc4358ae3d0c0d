//! What comes before what, and what a failure stops.

use serde_json::json;

use crate::{
    lab::Lab,
    resources_lab::{all_planned, of_resources},
};

/// A chain in which each one reads an output of the one before, and one that stands alone.
const CHAIN: &str = "
    resources.neatcloudVolumes.first.size = 1;
    resources.neatcloudTokens.second = { resources, ... }: { note = resources.neatcloudVolumes.first.id; };
    resources.neatcloudTokens.third = { resources, ... }: { note = resources.neatcloudTokens.second.id; };
    resources.neatcloudVolumes.alone.size = 1;";

/// What each resource needs, as a plan says it.
fn needs(lab: &Lab) -> Vec<String> {
    let plan = lab.run_verb("plan", &["--json"]);
    plan.exits(0);
    let planned = all_planned(&plan.json()).into_iter();
    let mut lines: Vec<String> = planned
        .filter_map(|planned| {
            let needs = planned["needs"].as_array()?;
            let names = needs
                .iter()
                .map(|key| key["name"].as_str().unwrap_or_default());
            let names: Vec<&str> = names.collect();
            (!names.is_empty()).then(|| {
                format!(
                    "{} needs {}",
                    planned["name"].as_str().unwrap_or_default(),
                    names.join(", ")
                )
            })
        })
        .collect();
    lines.sort();
    lines
}

/// The order in which the journal has its lines of an operation.
fn order(lab: &Lab, operation: &str) -> Vec<String> {
    let lines = lab.journal();
    let lines = lines
        .iter()
        .map(|line| serde_json::to_value(&line.entry).unwrap());
    let lines = lines.filter(|line| line["operation"] == operation && line["stage"] == "done");
    lines
        .map(|line| line["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn outputs_references_and_names_are_edges_and_they_are_kept() {
    let lab = of_resources(&format!(
        "{CHAIN}
         resources.neatcloudTokens.named = {{ uuid, ... }}: {{ note = \"for nixops-${{uuid}}-alone\"; }};"
    ));
    let expected = [
        "named needs alone",
        "second needs first",
        "third needs second",
    ];
    assert_eq!(needs(&lab), expected);
    lab.settle().exits(0);
    assert_eq!(needs(&lab), expected);
    let made = order(&lab, "create");
    let at = |name: &str| made.iter().position(|one| one == name).unwrap();
    assert!(
        at("first") < at("second") && at("second") < at("third"),
        "{made:?}"
    );
    assert!(at("alone") < at("named"), "{made:?}");

    // Without any expression all of them go, and each before what it needed.
    lab.define("}");
    let run = lab.run_verb("destroy", &["--yes"]);
    run.exits(0).says("the network cannot be read");
    let gone = order(&lab, "delete");
    let at = |name: &str| gone.iter().position(|one| one == name).unwrap();
    assert!(
        at("third") < at("second") && at("second") < at("first"),
        "{gone:?}"
    );
    assert!(at("named") < at("alone"), "{gone:?}");
    assert_eq!((lab.truth().len(), lab.recorded().current.len()), (0, 0));
}

#[test]
fn a_destroy_of_one_leaves_what_it_needed() {
    let lab = of_resources(CHAIN);
    lab.settle().exits(0);
    lab.run_verb("destroy", &["--yes", "neatcloudTokens.third"])
        .exits(0);
    assert_eq!(lab.recorded().current.len(), 3);
    lab.settle().exits(0).says("neatcloudTokens.third> created");
    lab.agrees();
}

#[test]
fn resources_that_need_each_other_are_told_with_the_way_round() {
    let reads = |name: &str, other: &str| {
        format!(
            "resources.neatcloudTokens.{name} = {{ resources, ... }}: {{ note = resources.neatcloudTokens.{other}.id; }};\n"
        )
    };
    let lab =
        of_resources(&(reads("a", "b") + &reads("b", "c") + &reads("c", "a") + &reads("d", "a")));
    for verb in ["plan", "deploy"] {
        lab.run_verb(verb, &[])
            .exits(1)
            .says("resources need each other: neatcloudTokens.a → neatcloudTokens.b → neatcloudTokens.c → neatcloudTokens.a")
            .says("hint: ");
    }
    lab.define(&reads("a", "a"));
    lab.run_verb("deploy", &[])
        .exits(1)
        .says("resources need each other: neatcloudTokens.a → neatcloudTokens.a");
    assert_eq!(lab.truth().len(), 0);
}

#[test]
fn a_failure_stops_what_depends_on_it_and_nothing_else() {
    let lab = of_resources(CHAIN);
    lab.order_faults(&json!([{ "method": "create", "name": "first", "fault": "quota" }]));
    let run = lab.run_verb("deploy", &["--json"]);
    run.exits(1);
    let resources = run.summary()["resources"].clone();
    let result = |key: &str| {
        resources[key]["result"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    assert_eq!(result("neatcloudVolumes.first"), "failed", "{resources:#}");
    assert_eq!(result("neatcloudVolumes.alone"), "created", "{resources:#}");
    for key in ["neatcloudTokens.second", "neatcloudTokens.third"] {
        assert_eq!(resources[key]["result"], "skipped", "{resources:#}");
        assert_eq!(
            resources[key]["because"], "neatcloudVolumes.first",
            "{resources:#}"
        );
    }
    assert_eq!(lab.things(), ["neatcloudVolumes alone 1 north"]);
    lab.order_faults(&json!([{ "method": "create", "name": "second", "fault": "quota" }]));
    lab.run_verb("deploy", &[])
        .exits(1)
        .says("neatcloudVolumes.first> created")
        .says("neatcloudTokens.third> skipped because of neatcloudTokens.second");
    lab.settle().exits(0);
    lab.agrees();
}

#[test]
fn a_deletion_that_fails_keeps_what_was_needed_for_it() {
    let lab = of_resources(CHAIN);
    lab.settle().exits(0);
    lab.order_faults(&json!([{ "method": "delete", "name": "third", "fault": "unauthorized" }]));
    lab.run_verb("destroy", &["--yes"])
        .exits(1)
        .says("the cloud refuses the credentials")
        .says("neatcloudVolumes.first> skipped because of neatcloudTokens.third");
    let left = lab.recorded().current.len();
    assert_eq!((left, lab.truth().len()), (3, 3));
    lab.state_agrees();
    lab.run_verb("destroy", &["--yes"]).exits(0);
    assert_eq!((lab.truth().len(), lab.recorded().current.len()), (0, 0));
}

/// A server that is a record alone, with a volume.
fn with_volume(name: &str, image: &str) -> String {
    format!(
        "resources.neatcloudVolumes.data = {{ size = 1; name = \"{name}\"; }};
         web = {{ resources, ... }}: {{
           deployment.neatcloud.image = \"{image}\";
           deployment.neatcloud.volumes = [ resources.neatcloudVolumes.data ];
         }};"
    )
}

#[test]
fn what_is_replaced_goes_after_what_needed_it_and_is_there_before_it() {
    let lab = Lab::without_hosts();
    // Servers that are records alone let nobody in, which is another matter.
    let deploy = || {
        lab.run_verb(
            "deploy",
            &[
                "--kill-obsolete",
                "--yes",
                "--copy-only",
                "--connect-timeout",
                "1",
            ],
        )
    };
    lab.network_in_the_cloud(&with_volume("old", "nixos"));
    deploy();
    assert_eq!(lab.things().len(), 3, "{:?}", lab.things());
    lab.state_agrees();

    // Both are replaced, and no volume goes that is attached to a server.
    lab.network_in_the_cloud(&with_volume("new", "nixos-next"));
    deploy()
        .says("neatcloudVolumes.data> replaced")
        .says("neatcloud.web> replaced");
    let volume = lab.cloud_has("volumes").remove(0);
    let server = lab.cloud_has("servers").remove(0);
    assert_eq!(
        (&volume["name"], &volume["server"]),
        (&json!("new"), &server["id"])
    );
    assert_eq!(lab.things().len(), 3);
    lab.state_agrees();

    // The server goes, and the volume is replaced.
    lab.network_in_the_cloud("resources.neatcloudVolumes.data = { size = 1; name = \"newer\"; };");
    deploy()
        .exits(0)
        .says("neatcloudVolumes.data> replaced")
        .says("neatcloud.web> deleted");
    let volume = lab.cloud_has("volumes").remove(0);
    assert_eq!(
        (&volume["name"], &volume["server"]),
        (&json!("newer"), &json!(null))
    );
    assert_eq!(lab.things().len(), 2);
    lab.state_agrees();
    lab.run_verb("destroy", &["--yes"]).exits(0);
    assert_eq!(lab.truth().len(), 0);
}
