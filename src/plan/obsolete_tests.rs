use insta::assert_snapshot;
use nixops_plugin::protocol::ResourceState;
use proptest::prelude::*;

use super::*;
use crate::state::{Lifecycle, Secrets};

fn record(needs: &[&str], protect: bool, retain: bool) -> Record {
    Record {
        plugin: "cloud".to_owned(),
        version: 1,
        token: "t".to_owned(),
        phase: Phase::Ready,
        state: ResourceState::default(),
        secrets: Secrets::Nothing,
        needs: needs.iter().map(|name| Key::new("t", *name)).collect(),
        lifecycle: Lifecycle {
            protect,
            retain,
            ..Lifecycle::default()
        },
    }
}

fn records(all: &[(&str, Record)]) -> BTreeMap<Key, Record> {
    let all = all.iter();
    all.map(|(name, record)| (Key::new("t", *name), record.clone()))
        .collect()
}

fn circumstances(kill: bool) -> Circumstances {
    Circumstances {
        kill,
        plugins: BTreeSet::from(["cloud".to_owned()]),
        ..Circumstances::default()
    }
}

fn told(planned: &[PlannedResource]) -> String {
    let line = |planned: &PlannedResource| {
        let refusal = planned
            .refusal
            .as_ref()
            .map(|refusal| format!(" REFUSED: {refusal}"));
        let refusal = refusal.unwrap_or_default();
        let reasons = planned.reasons.join("; ");
        format!("{} {:?} ({reasons}){refusal}", planned.key, planned.action)
    };
    planned.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn decided(records: &BTreeMap<Key, Record>, circumstances: &Circumstances) -> Vec<PlannedResource> {
    let names = BTreeSet::from([Key::new("t", "named")]);
    let renamed = BTreeSet::from([Key::new("t", "renamed")]);
    obsolete(records, &names, &renamed, circumstances, &Registry::new())
}

fn several() -> BTreeMap<Key, Record> {
    records(&[
        ("a", record(&[], false, false)),
        ("kept", record(&[], false, true)),
        ("named", record(&[], false, false)),
        ("renamed", record(&[], false, false)),
        ("safe", record(&[], true, false)),
    ])
}

#[test]
fn obsolete_resources_stay_until_they_are_killed() {
    assert_snapshot!(told(&decided(&several(), &circumstances(false))), @r"
    t.a Obsolete (the network has it no more)
    t.kept Obsolete (the network has it no more)
    t.safe Obsolete (the network has it no more)
    ");
    assert_snapshot!(told(&decided(&several(), &circumstances(true))), @r"
    t.a Delete (the network has it no more)
    t.kept Forget (the network has it no more; `deployment.lifecycle.retain` is true)
    t.safe Delete (the network has it no more) REFUSED: t.safe would be deleted, and is protected: `resources.t.safe.deployment.lifecycle.protect` is true (the network has it no more)
    ");
}

#[test]
fn nothing_is_killed_where_the_network_is_not_known_as_a_whole() {
    let refused = |circumstances: &Circumstances| {
        let planned = decided(&several(), circumstances);
        assert!(planned.iter().all(|one| one.action == Action::Obsolete));
        planned[0].refusal.clone().unwrap()
    };
    let failed = Circumstances {
        failed: vec!["web".to_owned()],
        ..circumstances(true)
    };
    assert_eq!(
        refused(&failed),
        Refusal::Unevaluated {
            failed: vec!["web".to_owned()]
        }
    );
    let selected = Circumstances {
        selected: true,
        ..circumstances(true)
    };
    assert_eq!(refused(&selected), Refusal::Selected);
    let gone = Circumstances {
        plugins: BTreeSet::new(),
        ..circumstances(true)
    };
    assert_snapshot!(refused(&gone), @"--kill-obsolete deletes nothing, since cloud is not a plugin of the network any more, and t.a, t.kept, t.safe came from it");
}

#[test]
fn destroying_goes_from_those_who_need_to_what_they_need() {
    let state = Records {
        current: records(&[
            ("a", record(&[], true, false)),
            ("b", record(&["a"], false, false)),
            ("c", record(&["b", "elsewhere"], false, true)),
        ]),
        deposed: vec![
            (Key::new("t", "old"), record(&[], true, false)),
            (Key::new("t", "older"), record(&[], false, true)),
        ],
    };
    let plan = destroy(&state, &Registry::new()).unwrap();
    assert_snapshot!(told(&plan.resources), @r"
    t.c Forget (`deployment.lifecycle.retain` is true)
    t.b Delete ()
    t.a Delete () REFUSED: t.a would be deleted, and is protected: `resources.t.a.deployment.lifecycle.protect` is true
    ");
    assert_snapshot!(told(&plan.deposed), @r"
    t.old Delete (another one has replaced it)
    t.older Forget (another one has replaced it)
    ");
    assert!(plan.destroys() && plan.refusals().count() == 1);
}

fn any_record() -> impl Strategy<Value = Record> {
    let phases = [
        Phase::Creating,
        Phase::Ready,
        Phase::Updating,
        Phase::Deleting,
    ];
    let phases = proptest::sample::select(phases.to_vec());
    (any::<bool>(), any::<bool>(), phases, "(cloud|other)").prop_map(
        |(protect, retain, phase, plugin)| Record {
            plugin,
            phase,
            ..record(&[], protect, retain)
        },
    )
}

proptest! {
    #[test]
    fn nothing_is_deleted_unasked_or_on_a_doubt(
        records in proptest::collection::btree_map("[a-f]", any_record(), 0..6),
        named in proptest::collection::btree_set("[a-f]", 0..6),
        failed in proptest::collection::vec("[a-f]", 0..2),
        kill: bool,
        selected: bool,
        plugins in proptest::collection::btree_set("(cloud|other)", 0..3),
    ) {
        let keys = |names: &BTreeSet<String>| -> BTreeSet<Key> {
            names.iter().map(|name| Key::new("t", name)).collect()
        };
        let names = keys(&named);
        let records: BTreeMap<Key, Record> = records
            .into_iter()
            .map(|(name, record)| (Key::new("t", name), record))
            .collect();
        let doubt = !failed.is_empty() || selected;
        let circumstances = Circumstances { kill, failed, selected, plugins };
        let planned = obsolete(&records, &names, &BTreeSet::new(), &circumstances, &Registry::new());
        for one in planned {
            prop_assert!(!names.contains(&one.key));
            let ends = matches!(one.action, Action::Delete | Action::Forget);
            prop_assert!(!ends || (kill && !doubt));
            let record = &records[&one.key];
            prop_assert!(!ends || circumstances.plugins.contains(&record.plugin));
            let deleted = one.action == Action::Delete && one.refusal.is_none();
            prop_assert!(!deleted || !(record.lifecycle.protect || record.lifecycle.retain));
        }
    }
}
