//! Exports and imports, with a sealer that only turns bytes around.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8Path;
use insta::assert_snapshot;
use nixops_plugin::protocol::{Attributes, ResourceState};
use proptest::prelude::*;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::*;
use crate::state::{
    self, Deployment, Key, Lifecycle, MachineRecord, Phase, Record, Records, StoredArgument,
};

/// Seals by turning bytes around behind a mark; another mark is another key.
struct Turner(u8);

impl Sealer for Turner {
    fn seal(&self, plain: &[u8]) -> Result<Vec<u8>, state::Error> {
        let turned = plain.iter().rev().copied();
        Ok([self.0].into_iter().chain(turned).collect())
    }

    fn open(&self, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, state::Error> {
        match sealed {
            [mark, rest @ ..] if *mark == self.0 => {
                Ok(Zeroizing::new(rest.iter().rev().copied().collect()))
            }
            _ => Err(state::Error::Secrets {
                action: "open",
                source: "it is another key".into(),
            }),
        }
    }
}

fn texts() -> impl Strategy<Value = BTreeMap<String, String>> {
    prop::collection::btree_map("[a-z]{1,6}", ".{0,12}", 0..3)
}

prop_compose! {
    fn attributes()(texts in texts(), number in any::<i32>()) -> Attributes {
        let texts = texts.into_iter().map(|(name, text)| (name, Value::String(text)));
        texts.chain([("number".to_owned(), json!({ "below": [number, null] }))]).collect()
    }
}

prop_compose! {
    fn secrets()(inputs in prop::option::of(attributes()), private in prop::option::of(".{1,8}"))
        -> Secrets
    {
        Secrets::of(SecretParts { inputs, outputs: None, private: private.map(Value::String) })
    }
}

prop_compose! {
    fn record()(
        (plugin, token, id) in ("[a-z]{1,6}", ".{0,8}", ".{0,8}"),
        version in any::<u32>(),
        phase in prop::sample::select(vec![Phase::Creating, Phase::Ready, Phase::Deleting]),
        (inputs, outputs, secrets) in (attributes(), attributes(), secrets()),
        needs in prop::collection::btree_set(key(), 0..3),
        protect in any::<bool>(),
        aliases in prop::collection::vec(".{1,5}", 0..2),
    ) -> Record {
        Record {
            plugin,
            version,
            token,
            phase,
            state: ResourceState { id, inputs, outputs, private: None },
            secrets,
            needs,
            lifecycle: Lifecycle { protect, aliases, ..Lifecycle::default() },
        }
    }
}

prop_compose! {
    fn key()(kind in "[a-z]{1,4}", name in "[a-z.]{1,4}") -> Key {
        Key::new(kind, name)
    }
}

prop_compose! {
    fn whole()(
        (name, description, source) in (prop::option::of("[a-z]{1,5}"), ".{0,9}", ".{0,9}"),
        (serial, created) in (any::<u64>(), any::<i64>()),
        (arguments, legacy) in (texts(), texts()),
        current in prop::collection::btree_map(key(), record(), 0..3),
        deposed in prop::collection::vec((key(), record()), 0..2),
        machines in prop::collection::btree_map("[a-z]{1,5}", (texts(), secrets()), 0..3),
    ) -> Whole {
        let arguments = arguments.into_iter();
        let arguments = arguments.map(|(name, text)| (name, StoredArgument::Text(text)));
        let machines = machines.into_iter().map(|(name, (legacy, secrets))| {
            let record = MachineRecord { legacy, activated: Some(created), ..MachineRecord::default() };
            (name, sealed(record, secrets, &Turner(7)).unwrap())
        });
        Whole {
            deployment: Deployment {
                plugins: Vec::new(),
                uuid: "aa".to_owned(),
                lineage: "bb".to_owned(),
                network: "default".to_owned(),
                name, description, source, serial, created, legacy,
                arguments: arguments.collect(),
            },
            machines: machines.collect(),
            records: Records { current, deposed },
        }
    }
}

/// What a state that seals with a key gives back.
fn stored(mut whole: Whole, sealer: &Turner) -> Whole {
    let records = &mut whole.records;
    let current = records.current.values_mut();
    let deposed = records.deposed.iter_mut().map(|(_, record)| record);
    for record in current.chain(deposed) {
        if let Secrets::Open(parts) = &record.secrets {
            let plain = serde_json::to_vec(parts).unwrap();
            record.secrets = Secrets::Sealed(sealer.seal(&plain).unwrap());
        }
    }
    whole
}

fn import(text: &str, sealer: &Turner) -> Result<Vec<Whole>, Error> {
    read(text.as_bytes(), Utf8Path::new("export.json"))?.whole(sealer)
}

proptest! {
    #[test]
    fn what_is_exported_is_imported_again(whole in whole()) {
        let key = Turner(7);
        let whole = stored(whole, &key);
        let sealed = serde_json::to_string(&Export::of([whole.clone()], None).unwrap()).unwrap();
        prop_assert_eq!(import(&sealed, &key).unwrap(), vec![whole.clone()]);
        // In the clear it goes to who has another key, and back.
        let open = |whole, key| serde_json::to_string(&Export::of([whole], Some(key)).unwrap()).unwrap();
        let there = import(&open(whole.clone(), &key), &Turner(9)).unwrap().remove(0);
        let there = stored(there, &Turner(9));
        let back = import(&open(there, &Turner(9)), &key).unwrap().remove(0);
        prop_assert_eq!(stored(back, &key), whole);
    }

    #[test]
    fn a_file_that_is_cut_short_is_refused(whole in whole(), part in 0..1000_usize) {
        let text = serde_json::to_string_pretty(&Export::of([stored(whole, &Turner(7))], None).unwrap()).unwrap();
        let mut at = text.len() * part / 1000;
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        prop_assert!(import(&text[..at], &Turner(7)).is_err());
    }
}

/// A deployment with a secret.
fn secret() -> Whole {
    let parts = SecretParts {
        private: Some(json!("HUSH")),
        ..SecretParts::default()
    };
    let record = Record {
        plugin: "nixops".to_owned(),
        version: 1,
        token: "t".to_owned(),
        phase: Phase::Ready,
        state: ResourceState::default(),
        secrets: Secrets::of(parts.clone()),
        needs: BTreeSet::new(),
        lifecycle: Lifecycle::default(),
    };
    let machine = sealed(MachineRecord::default(), Secrets::of(parts), &Turner(7)).unwrap();
    let whole = Whole {
        deployment: Deployment::new("aa", Some("shop"), "default"),
        machines: [("web".to_owned(), machine)].into(),
        records: Records {
            current: [(Key::new("sshKeyPairs", "key"), record)].into(),
            deposed: Vec::new(),
        },
    };
    stored(whole, &Turner(7))
}

#[test]
fn secrets_are_in_the_clear_only_where_that_is_asked_for() {
    let text = |opener| serde_json::to_string(&Export::of([secret()], opener).unwrap()).unwrap();
    assert!(!text(None).contains("HUSH"));
    assert_eq!(text(Some(&Turner(7))).matches("HUSH").count(), 2);
}

#[test]
fn secrets_that_nobody_here_can_open_are_refused() {
    let text = serde_json::to_string(&Export::of([secret()], None).unwrap()).unwrap();
    let error = import(&text, &Turner(9)).unwrap_err();
    assert_snapshot!(error.hint().unwrap(), @"nothing was changed; who has the key can write it with `nixops export --include-secrets`");
}

#[test]
fn the_secrets_of_deployments_that_are_not_wanted_are_nobodys_matter() {
    let mut open = secret();
    open.deployment = Deployment::new("bb", Some("blog"), "default");
    for record in open.records.current.values_mut() {
        record.secrets = Secrets::Nothing;
    }
    open.machines.clear();
    let all = Export::of([secret(), open], None).unwrap();
    let text = serde_json::to_string(&all).unwrap();
    let mut imported = read(text.as_bytes(), Utf8Path::new("export.json")).unwrap();
    assert_eq!(imported.names(), ["shop", "blog"]);
    imported.only("blog");
    let whole = imported.whole(&Turner(9)).unwrap();
    assert_eq!(whole[0].deployment.called(), "blog");
}

#[test]
fn what_is_no_export_is_refused_with_its_line() {
    let text = serde_json::to_string_pretty(&Export::of([secret()], None).unwrap()).unwrap();
    let refusal = |text: &str| import(text, &Turner(7)).unwrap_err().to_string();
    assert_snapshot!(refusal(&text[..300]), @"export.json: line 15, column 4: deployments: EOF while parsing an object");
    assert_snapshot!(refusal(&text.replace("\"ready\"", "\"HUSH\"")), @"export.json: line 23, column 25: deployments[0].resources[0].phase: unknown variant …, expected one of `creating`, `ready`, `updating`, `deleting`");
    assert_snapshot!(refusal(&text.replace("nixopsExport\": 1", "nixopsExport\": 2")), @"the export export.json has version 2, and this nixops knows versions up to 1");
    assert_snapshot!(refusal(""), @"export.json: line 1, column 0: EOF while parsing a value");
    assert_snapshot!(refusal("[]"), @"export.json: line 1, column 2: invalid length 0, expected an export");
    assert_snapshot!(refusal(&text.replace("plugin\"", "plug\"")), @"export.json: line 20, column 16: deployments[0].resources[0].plug: unknown field `plug`, expected one of `type`, `name`, `deposed`, `plugin`, `version`, `token`, `phase`, `state`, `secrets`, `needs`, `lifecycle`");
}

#[test]
fn the_published_schema_describes_an_export() {
    let schema = serde_json::to_value(schemars::schema_for!(Export)).unwrap();
    let schema = crate::schema::Schema::new("export", schema).unwrap();
    let export = serde_json::to_value(Export::of([secret()], None).unwrap()).unwrap();
    assert!(
        schema.validate(&export).is_empty(),
        "{:?}",
        schema.validate(&export)
    );
    let open = serde_json::to_value(Export::of([secret()], Some(&Turner(7))).unwrap()).unwrap();
    assert!(schema.is_valid(&open));
}
