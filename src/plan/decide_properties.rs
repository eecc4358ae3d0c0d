use proptest::prelude::*;
use serde_json::json;

use super::*;

fn any_lifecycle() -> impl Strategy<Value = Lifecycle> {
    let names = || proptest::collection::vec("(a|b|a\\.c)", 0..2);
    let switches = (any::<bool>(), any::<bool>(), any::<bool>());
    (switches, names(), names()).prop_map(
        |((protect, retain, create_first), ignore_changes, replace_on)| Lifecycle {
            protect,
            retain,
            create_first,
            ignore_changes,
            replace_on,
            aliases: Vec::new(),
        },
    )
}

fn any_case() -> impl Strategy<Value = Case> {
    let phases = [
        Phase::Creating,
        Phase::Ready,
        Phase::Updating,
        Phase::Deleting,
    ];
    let phases = proptest::sample::select(phases.to_vec());
    let change =
        ("(a|b|a\\.c|d)", any::<bool>()).prop_map(|(path, replace)| change(&path, replace));
    let changes = proptest::collection::vec(change, 0..3);
    let values = prop_oneof![
        Just(json!({ "a": { "c": 1 }, "b": 2 })),
        Just(json!({ "a": 1, "d": token(Token::Unknown) })),
        Just(json!({ "b": token(Token::Secret) })),
    ];
    let inputs = proptest::option::of(values.clone());
    (phases, changes, values, inputs, any_lifecycle()).prop_map(
        |(phase, changes, kept, inputs, lifecycle)| Case {
            kept,
            phase,
            inputs,
            lifecycle,
            changes,
            ..Case::default()
        },
    )
}

proptest! {
    #[test]
    fn nothing_of_the_network_is_deleted_or_replaced_unasked(case in any_case(), at in 0_usize..4) {
        let found = [case.there(), Found::Gone, Found::Nothing, Found::Unfinished(None)];
        let planned = case.found(&found[at], at != 2);
        let ends = [Action::Delete, Action::Forget, Action::Obsolete];
        prop_assert!(!ends.contains(&planned.action));
        let asked = case.changes.iter().any(|change| change.replace)
            || !case.lifecycle.replace_on.is_empty()
            || case.phase == Phase::Deleting;
        prop_assert!(!planned.action.destroys() || (at == 0 && asked));
        let refused = planned.refusal.is_some();
        prop_assert_eq!(refused, planned.action.destroys() && case.lifecycle.protect);
        let ignored = case.lifecycle.ignore_changes.iter();
        for path in ignored.filter(|_| planned.action != Action::Create) {
            let named: Vec<String> = path.split('.').map(str::to_owned).collect();
            prop_assert!(planned.changes.iter().all(|change| !change.path.starts_with(&named)));
        }
    }
}
