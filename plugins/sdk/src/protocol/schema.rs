//! The protocol itself as a JSON Schema, for providers in any language.

use schemars::generate::{SchemaGenerator, SchemaSettings};
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

use super::{
    Action, ActionResult, Cancel, Create, Created, Delete, Diff, Difference, Find, Found, Hello,
    Import, Imported, LARGEST_MESSAGE, Log, MachineOutputs, NEWEST, Nothing, Notification, OLDEST,
    Progress, Read, ReadResult, Request, Response, SchemaRequest, Schemas, Update, Updated,
    Upgrade, Upgraded, Validate, Validated, Welcome, code,
};

/// One JSON Schema (2020-12) of all messages, with a description of the methods and of their rules.
///
/// The file `protocol.schema.json` of this crate is its text.
pub fn schema() -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let messages = [
        generator.subschema_for::<Request>(),
        generator.subschema_for::<Notification>(),
        generator.subschema_for::<Response>(),
    ];
    // Nothing refers to these, but a provider has to know them.
    let _ = generator.subschema_for::<MachineOutputs>();
    let methods = methods(&mut generator);
    let notifications = notifications(&mut generator);
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": format!("Provider protocol of NixOps, version {NEWEST}"),
        "description": include_str!("rules.md"),
        "anyOf": messages,
        "x-nixops-protocol": { "oldest": OLDEST, "newest": NEWEST, "largestMessage": LARGEST_MESSAGE },
        "x-nixops-methods": methods,
        "x-nixops-notifications": notifications,
        "x-nixops-errors": {
            "parse": code::PARSE,
            "invalidRequest": code::INVALID_REQUEST,
            "unknownMethod": code::UNKNOWN_METHOD,
            "invalidParams": code::INVALID_PARAMS,
            "internal": code::INTERNAL,
            "failed": code::FAILED,
        },
        "$defs": generator.take_definitions(true),
    });
    schema.sort_all_objects();
    schema
}

fn methods(generator: &mut SchemaGenerator) -> Map<String, Value> {
    let of = generator;
    let all = [
        ("hello", method::<Hello, Welcome>(of)),
        ("schema", method::<SchemaRequest, Schemas>(of)),
        ("validate", method::<Validate, Validated>(of)),
        ("diff", method::<Diff, Difference>(of)),
        ("create", method::<Create, Created>(of)),
        ("find", method::<Find, Found>(of)),
        ("read", method::<Read, ReadResult>(of)),
        ("update", method::<Update, Updated>(of)),
        ("delete", method::<Delete, Nothing>(of)),
        ("import", method::<Import, Imported>(of)),
        ("upgrade", method::<Upgrade, Upgraded>(of)),
        ("action", method::<Action, ActionResult>(of)),
    ];
    named(all)
}

fn notifications(generator: &mut SchemaGenerator) -> Map<String, Value> {
    let of = generator;
    let all = [
        ("cancel", notification::<Cancel>(of, "nixops")),
        ("log", notification::<Log>(of, "provider")),
        ("progress", notification::<Progress>(of, "provider")),
    ];
    named(all)
}

fn method<P: JsonSchema, R: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    let params: Schema = generator.subschema_for::<P>();
    json!({ "params": params, "result": generator.subschema_for::<R>() })
}

fn notification<P: JsonSchema>(generator: &mut SchemaGenerator, from: &str) -> Value {
    json!({ "from": from, "params": generator.subschema_for::<P>() })
}

fn named<const N: usize>(all: [(&str, Value); N]) -> Map<String, Value> {
    let all = all.into_iter();
    all.map(|(name, value)| (name.to_owned(), value)).collect()
}
