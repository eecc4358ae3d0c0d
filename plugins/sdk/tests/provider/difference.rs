//! What an update would do, as the schema of the options tells it.

use std::collections::BTreeMap;

use nixops_plugin::protocol::TypeSchema;
use nixops_plugin::{
    Context, Failed, JsonSchema, Made, Provider, Resource, ResourceRef, ResourceState, State,
    difference,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "only the schema is used")]
struct Server {
    size: Option<u64>,
    #[schemars(extend("x-nixops-replace" = true))]
    region: String,
    #[schemars(extend("x-nixops-sensitive" = true))]
    password: Option<String>,
    disks: Vec<Disk>,
    network: Option<Network>,
    labels: BTreeMap<String, String>,
    parent: Option<Box<Server>>,
    image: Image,
}

#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "only the schema is used")]
struct Disk {
    size: f64,
    #[schemars(extend("x-nixops-writeOnly" = true))]
    key: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(extend("x-nixops-replace" = true))]
#[expect(dead_code, reason = "only the schema is used")]
struct Network {
    name: String,
    ports: Vec<u16>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(tag = "from")]
#[expect(dead_code, reason = "only the schema is used")]
enum Image {
    File { path: String },
    Cloud { id: u64 },
}

#[derive(Serialize, JsonSchema)]
struct Nothing {}

struct Servers;

impl Resource for Servers {
    const TYPE: &'static str = "server";
    type Options = Server;
    type Outputs = Nothing;

    fn create(
        &self,
        _: &Context,
        _: &ResourceRef,
        _: Server,
        _: &str,
    ) -> Result<Made<Nothing>, Failed> {
        Err(Failed::new("no"))
    }

    fn find(&self, _: &Context, _: &str) -> Result<Option<Made<Nothing>>, Failed> {
        Ok(None)
    }

    fn read(&self, _: &Context, _: &ResourceState) -> Result<Option<State<Nothing>>, Failed> {
        Ok(None)
    }

    fn delete(&self, _: &Context, _: &ResourceRef, _: &ResourceState) -> Result<(), Failed> {
        Ok(())
    }
}

fn schema() -> TypeSchema {
    Provider::new("cloud", "1")
        .with(Servers)
        .schemas()
        .remove("server")
        .unwrap()
}

/// Changes, each as `kind path`, with `!` where it replaces.
fn changes(prior: Value, inputs: Value) -> Vec<String> {
    let (Value::Object(prior), Value::Object(inputs)) = (prior, inputs) else {
        panic!("attributes are objects");
    };
    let prior = ResourceState {
        inputs: prior,
        ..ResourceState::default()
    };
    let found = difference(&schema().options, &prior, &inputs).changes;
    let found = found.into_iter().map(|change| {
        let kind = format!("{:?}", change.kind).to_lowercase();
        let replace = if change.replace { "!" } else { "" };
        format!("{kind} {}{replace}", change.path.join("."))
    });
    found.collect()
}

#[test]
fn equal_inputs_do_not_differ() {
    let inputs =
        json!({ "size": 1, "region": "a", "disks": [{ "size": 1 }], "labels": { "a": "b" } });
    assert_eq!(changes(inputs.clone(), inputs), [""; 0]);
}

#[test]
fn attributes_come_go_and_change() {
    let prior = json!({ "size": 1, "region": "a" });
    let inputs = json!({ "region": "b", "disks": [] });
    assert_eq!(
        changes(prior, inputs),
        ["add disks", "update region!", "remove size"]
    );
}

#[test]
fn null_is_as_good_as_nothing() {
    assert_eq!(
        changes(json!({ "size": null }), json!({ "network": null })),
        [""; 0]
    );
    assert_eq!(
        changes(json!({ "size": null }), json!({ "size": 1 })),
        ["add size"]
    );
}

#[test]
fn attributes_without_a_name_in_the_schema_do_not_count() {
    assert_eq!(
        changes(json!({ "mood": 1 }), json!({ "mood": 2, "more": 3 })),
        [""; 0]
    );
}

#[test]
fn secrets_that_were_not_kept_do_not_count() {
    assert_eq!(changes(json!({}), json!({ "password": "x" })), [""; 0]);
    assert_eq!(
        changes(json!({ "password": "y" }), json!({ "password": "x" })),
        ["update password"]
    );
    let prior = json!({ "disks": [{ "size": 1 }] });
    assert_eq!(
        changes(prior, json!({ "disks": [{ "size": 1, "key": "x" }] })),
        [""; 0]
    );
}

#[test]
fn inside_objects_each_attribute_counts() {
    let prior =
        json!({ "network": { "name": "a", "ports": [1] }, "labels": { "x": "1", "y": "1" } });
    let inputs =
        json!({ "network": { "name": "a", "ports": [1, 2] }, "labels": { "x": "2", "z": "1" } });
    let expected = [
        "update labels.x",
        "remove labels.y",
        "add labels.z",
        "update network.ports!",
    ];
    assert_eq!(changes(prior, inputs), expected);
}

#[test]
fn what_replaces_from_above_also_replaces_as_a_whole() {
    let network = json!({ "network": { "name": "a", "ports": [] } });
    assert_eq!(changes(json!({}), network.clone()), ["add network!"]);
    assert_eq!(changes(network, json!({})), ["remove network!"]);
}

#[test]
fn a_list_is_one_attribute() {
    let prior = json!({ "disks": [{ "size": 1 }, { "size": 2 }] });
    let inputs = json!({ "disks": [{ "size": 2 }, { "size": 3 }] });
    assert_eq!(changes(prior.clone(), inputs), ["update disks"]);
    assert_eq!(
        changes(prior, json!({ "disks": [{ "size": 1 }] })),
        ["update disks"]
    );
}

#[test]
fn one_is_one_however_it_is_written() {
    let prior = json!({ "disks": [{ "size": 1.0 }] });
    assert_eq!(changes(prior, json!({ "disks": [{ "size": 1 }] })), [""; 0]);
}

#[test]
fn types_inside_themselves_are_followed() {
    let deep = |region: &str| json!({ "parent": { "parent": { "region": region } } });
    assert_eq!(
        changes(deep("a"), deep("b")),
        ["update parent.parent.region!"]
    );
}

#[test]
fn one_of_several_forms_is_compared_by_its_attributes() {
    let prior = json!({ "image": { "from": "File", "path": "/a" } });
    let inputs = json!({ "image": { "from": "Cloud", "id": 3 } });
    let expected = ["update image.from", "add image.id", "remove image.path"];
    assert_eq!(changes(prior, inputs), expected);
}

#[test]
fn schemas_that_go_in_circles_end() {
    let schema = json!({ "$ref": "#/$defs/a", "$defs": { "a": { "$ref": "#/$defs/a" } } });
    let inputs = json!({ "a": 1 });
    let inputs = inputs.as_object().unwrap();
    assert_eq!(
        difference(&schema, &ResourceState::default(), inputs).changes,
        []
    );
    let wide = json!({ "anyOf": [{ "$ref": "#" }, { "$ref": "#" }, { "$ref": "#" }] });
    assert_eq!(
        difference(&wide, &ResourceState::default(), inputs).changes,
        []
    );
}
