use std::fs;

use camino::Utf8PathBuf;
use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;

fn record(name: &str, input: Option<&str>) -> Value {
    json!({
        "name": name, "version": "1.0", "input": input, "override": false,
        "locked": { "rev": "abc", "lastModified": 1 }, "source": "/nix/store/x-source",
        "attributes": ["_type", "name", "nixexprs"], "protocol": 1,
        "nixexprs": ["/nix/store/x-source/nix"], "schemas": null,
        "types": [], "backends": [],
        "provider": { "program": "/nix/store/y/bin/z", "drv": null, "out": "/nix/store/y" },
    })
}

fn with(mut record: Value, field: &str, value: Value) -> Value {
    record[field] = value;
    record
}

/// What a user reads.
fn refused(records: impl Into<Vec<Value>>) -> String {
    text(&PluginSet::from_json(records.into()).unwrap_err())
}

fn text(error: &Error) -> String {
    let hint = error.hint().map(|hint| format!("\nhint: {hint}"));
    format!("{error}{}", hint.unwrap_or_default())
}

fn neat() -> Value {
    record("neatcloud", Some("clouds"))
}

#[test]
fn a_type_and_a_backend_lead_to_their_plugin() {
    let volumes = with(neat(), "types", json!(["volume"]));
    let servers = with(record("metal", None), "backends", json!(["metal"]));
    let set = PluginSet::from_json(vec![volumes, servers]).unwrap();
    let name = |plugin: Option<&Plugin>| plugin.map(|plugin| plugin.origin.to_string());
    assert_snapshot!(name(set.of_type("volume")).unwrap(), @r"plugin `neatcloud` (input `clouds`)");
    assert_snapshot!(name(set.of_backend("metal")).unwrap(), @r"plugin `metal` (in `network.plugins`)");
    assert_eq!(name(set.of_type("metal")), None);
    let provider = set.get("neatcloud").unwrap().provider().unwrap();
    assert_eq!(provider.program, "/nix/store/y/bin/z");
}

#[test]
fn types_of_nixops_itself_lead_to_it_unless_a_plugin_brings_them() {
    let set = PluginSet::default();
    let origin = |set: &PluginSet| set.of_type("sshKeyPairs").unwrap().origin.to_string();
    assert_eq!(origin(&set), "NixOps itself");
    assert!(set.of_type("commandOutput").unwrap().has_provider());
    assert_eq!(set.iter().count(), 0);
    assert_eq!(set.get("nixops").unwrap().manifest.types.len(), 2);
    let pairs = with(neat(), "types", json!(["sshKeyPairs"]));
    let set = PluginSet::from_json(vec![pairs]).unwrap();
    assert_snapshot!(origin(&set), @"plugin `neatcloud` (input `clouds`)");
}

#[test]
fn the_name_of_nixops_itself_is_taken() {
    assert_snapshot!(refused([record("nixops", Some("clouds"))]), @"
    a plugin is called `nixops`, as NixOps itself is
    hint: give it another `name`
    ");
}

#[test]
fn a_name_that_is_none_is_refused() {
    assert_snapshot!(refused([record("Neat Cloud", Some("clouds"))]), @r#"
    plugin `Neat Cloud` (input `clouds`): `Neat Cloud` is no name for a plugin
    hint: a name is made of lower case letters, digits and hyphens, and begins with a letter
    "#);
}

#[test]
fn names_are_used_once() {
    assert_snapshot!(refused([neat(), record("neatcloud", None)]), @r#"
    plugin `neatcloud` (input `clouds`) and plugin `neatcloud` (in `network.plugins`) have the same name
    hint: leave one of them out: `network.plugins` names those to use
    "#);
}

#[test]
fn an_attribute_that_manifests_do_not_have_is_refused() {
    let slip = with(neat(), "attributes", json!(["name", "schema"]));
    assert_snapshot!(refused([slip]), @r#"
    plugin `neatcloud` (input `clouds`): a manifest has no attribute `schema`
    hint: did you mean `schemas`?
    "#);
    let other = with(neat(), "attributes", json!(["name", "maintainers"]));
    assert_snapshot!(refused([other]), @r#"
    plugin `neatcloud` (input `clouds`): a manifest has no attribute `maintainers`
    hint: it may have: name, version, protocol, nixexprs, schemas, providers, backends
    "#);
}

#[test]
fn a_protocol_of_the_future_is_refused() {
    assert_snapshot!(refused([with(neat(), "protocol", json!(2))]), @r#"
    plugin `neatcloud` (input `clouds`): it needs version 2 of the provider protocol, and this NixOps speaks version 1
    hint: update NixOps, or lock an older version of the input `clouds`
    "#);
    let value = with(record("neatcloud", None), "protocol", json!(0));
    assert_snapshot!(refused([value]), @r#"
    plugin `neatcloud` (in `network.plugins`): it needs version 0 of the provider protocol, and this NixOps speaks version 1
    hint: versions of the protocol are counted from 1
    "#);
}

#[test]
fn what_two_plugins_claim_is_refused() {
    let first = with(neat(), "types", json!(["volume"]));
    let second = with(record("metal", Some("iron")), "types", json!(["volume"]));
    assert_snapshot!(refused([first, second]), @r#"
    plugin `neatcloud` (input `clouds`) and plugin `metal` (input `iron`) both bring the resource type `volume`
    hint: say that one of them is to win: network.plugins = [ … { plugin = inputs.iron; override = true; } ];
    "#);
    let first = with(neat(), "backends", json!(["server"]));
    let second = with(record("metal", None), "backends", json!(["server"]));
    assert_snapshot!(refused([first, second]), @r#"
    plugin `neatcloud` (input `clouds`) and plugin `metal` (in `network.plugins`) both bring the backend `server`
    hint: say that one of them is to win: network.plugins = [ … { plugin = …; override = true; } ];
    "#);
}

#[test]
fn who_overrides_wins_wherever_it_stands() {
    let plain = with(neat(), "types", json!(["volume"]));
    let strong = with(record("metal", None), "types", json!(["volume"]));
    let strong = with(strong, "override", json!(true));
    for records in [vec![plain.clone(), strong.clone()], vec![strong, plain]] {
        let set = PluginSet::from_json(records).unwrap();
        assert_eq!(set.of_type("volume").unwrap().manifest.name, "metal");
    }
}

#[test]
fn a_provider_is_missed_only_when_it_is_needed() {
    let elsewhere = with(neat(), "provider", Value::Null);
    let elsewhere = with(elsewhere, "providerSystems", json!(["x86_64-darwin"]));
    let without = with(record("pure", None), "provider", Value::Null);
    let set = PluginSet::from_json(vec![elsewhere, without]).unwrap();
    let missed: Vec<_> = set
        .iter()
        .map(|plugin| text(&plugin.provider().unwrap_err()))
        .collect();
    assert_snapshot!(missed.join("\n"), @r#"
    plugin `neatcloud` (input `clouds`): it has no provider for this system, but for x86_64-darwin
    hint: deploy from a machine of such a system, or ask the plugin's authors for this one
    plugin `pure` (in `network.plugins`): it has no provider
    hint: the plugin's manifest is to name one in `providers`
    "#);
}

#[test]
fn a_record_that_does_not_fit_names_the_plugin() {
    let records = [
        with(neat(), "protocol", json!("one")),
        with(neat(), "colour", json!("blue")),
        with(neat(), "name", json!(7)),
        json!([]),
    ];
    assert_snapshot!(records.map(|record| refused([record])).join("\n"), @r#"
    plugin `neatcloud` (input `clouds`): the manifest cannot be used: `protocol`: invalid type: string, expected u32
    plugin `neatcloud` (input `clouds`): the manifest cannot be used: `colour`: unknown field `colour`, expected one of `name`, `version`, `input`, `override`, `locked`, `source`, `attributes`, `protocol`, `nixexprs`, `schemas`, `types`, `backends`, `provider`, `providerThrows`, `providerSystems`
    the plugin of input `clouds`: the manifest cannot be used: `name`: invalid type: integer `7`, expected a string
    plugin 1 of `network.plugins`: the manifest cannot be used: it is no attribute set
    "#);
}

fn shipping(directory: &TempDir) -> Plugin {
    let path = Utf8PathBuf::try_from(directory.path().to_owned()).unwrap();
    let records = vec![with(neat(), "schemas", json!(path))];
    let set = PluginSet::from_json(records).unwrap();
    set.get("neatcloud").unwrap().clone()
}

#[test]
fn schemas_are_read_by_type() {
    let directory = TempDir::new().unwrap();
    for (name, text) in [("b.json", "{}"), ("a.json", "no JSON"), ("README", "")] {
        fs::write(directory.path().join(name), text).unwrap();
    }
    let texts = shipping(&directory).schema_texts().unwrap();
    let texts: Vec<_> = texts
        .iter()
        .map(|one| (&*one.of_type, &*one.text))
        .collect();
    assert_eq!(texts, [("a", "no JSON"), ("b", "{}")]);
}

#[test]
fn schemas_that_cannot_be_read_are_named() {
    let directory = TempDir::new().unwrap();
    let place = directory.path().to_str().unwrap().to_owned();
    let plugin = shipping(&directory);
    let refused = || text(&plugin.schema_texts().unwrap_err()).replace(&place, "/schemas");
    fs::write(directory.path().join("a.json"), b"{\"\xff\"}").unwrap();
    assert_snapshot!(refused(), @r"plugin `neatcloud` (input `clouds`): the schema /schemas/a.json is not UTF-8 (byte 2)");
    fs::remove_file(directory.path().join("a.json")).unwrap();
    fs::create_dir(directory.path().join("a.json")).unwrap();
    assert_snapshot!(refused(), @r#"
    plugin `neatcloud` (input `clouds`): cannot read its schemas in /schemas/a.json: Is a directory (os error 21)
    hint: `schemas` of the manifest names a directory with a file <type>.json for each type
    "#);
    fs::remove_dir_all(directory.path()).unwrap();
    assert_snapshot!(refused(), @r#"
    plugin `neatcloud` (input `clouds`): cannot read its schemas in /schemas: No such file or directory (os error 2)
    hint: `schemas` of the manifest names a directory with a file <type>.json for each type
    "#);
}

/// Any JSON of bounded size.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-z/.-]{0,8}|\\PC{0,4}".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("\\PC{0,4}", inner, 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// Records in which some fields are something else.
fn nearly_records() -> impl Strategy<Value = Value> {
    const FIELDS: [&str; 9] = [
        "name",
        "input",
        "override",
        "attributes",
        "protocol",
        "types",
        "backends",
        "provider",
        "x",
    ];
    let changes = prop::collection::vec((prop::sample::select(&FIELDS[..]), json()), 0..3);
    ("[a-z-]{1,3}", changes).prop_map(|(name, changes)| {
        let record = record(&name, Some("clouds"));
        let change = |record, (field, value)| with(record, field, value);
        changes.into_iter().fold(record, change)
    })
}

proptest! {
    #[test]
    fn any_records_make_a_set_or_an_error_that_names_somebody(
        records in prop::collection::vec(prop_oneof![4 => nearly_records(), 1 => json()], 0..4)
    ) {
        match PluginSet::from_json(records.clone()) {
            Ok(set) => prop_assert_eq!(set.iter().count(), records.len()),
            Err(error) => prop_assert!(error.to_string().contains("plugin"), "{error}"),
        }
    }
}
