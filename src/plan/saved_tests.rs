use std::os::unix::fs::PermissionsExt as _;

use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::json;

use super::super::{
    Action, AttributeChange, MachineAction, PlannedMachine, PlannedResource, Shown,
};
use super::*;
use crate::state::Key;

fn changed(path: &str, after: Shown) -> AttributeChange {
    AttributeChange {
        path: vec![path.to_owned()],
        before: Shown::Value(json!(1.1)),
        after,
        replaces: false,
    }
}

fn planned(name: &str, action: Action) -> PlannedResource {
    PlannedResource::new(&Key::new("volumes", name), action)
}

fn deployment() -> SavedDeployment {
    SavedDeployment {
        uuid: "u-1".to_owned(),
        name: Some("production".to_owned()),
        lineage: "l-1".to_owned(),
        serial: 4,
    }
}

fn source() -> SavedSource {
    SavedSource {
        reference: ".".to_owned(),
        network: "default".to_owned(),
        nar_hash: "sha256-A".to_owned(),
        arguments: SavedPlan::digest_of(&json!({})),
        selected: None,
        kill_obsolete: false,
    }
}

fn saved() -> SavedPlan {
    let mut plan = Plan::default();
    let resources = &mut plan.resources.resources;
    resources.push(PlannedResource {
        changes: vec![changed("size", Shown::Value(json!(2)))],
        ..planned("data", Action::Update)
    });
    resources.push(PlannedResource {
        may: [Action::Keep, Action::Update].into(),
        ..planned("late", Action::Later)
    });
    resources.push(planned("new", Action::Create));
    resources.push(planned("other", Action::ReplaceCreateFirst));
    plan.machines.insert(
        "web".to_owned(),
        PlannedMachine {
            derivation: Some("/nix/store/a.drv".to_owned()),
            ..PlannedMachine::default()
        },
    );
    plan.machines.insert(
        "db".to_owned(),
        PlannedMachine {
            action: MachineAction::Later,
            ..PlannedMachine::default()
        },
    );
    SavedPlan::new(plan, deployment(), source())
}

fn path() -> &'static Utf8Path {
    Utf8Path::new("plan.json")
}

#[test]
fn a_plan_is_written_for_nobody_else_and_read_again() {
    let directory = tempfile::tempdir().unwrap();
    let file = Utf8Path::from_path(directory.path()).unwrap().join("plan");
    saved().write(&file).unwrap();
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let read = SavedPlan::read(&file).unwrap();
    assert_eq!(read.plan, saved().plan);
    assert!(read.verify(&deployment(), &source()).is_ok());
}

#[test]
fn an_edited_plan_is_refused() {
    let text = saved().to_text();
    let edited = text.replace("\"serial\": 4", "\"serial\": 5");
    assert_ne!(edited, text);
    let error = SavedPlan::parse(&edited, path()).unwrap_err();
    assert_snapshot!(error, @"the plan in plan.json is not as it was written: its digest does not fit");
    assert!(error.hint().is_some());
}

#[test]
fn what_is_no_plan_or_a_newer_one_says_so() {
    let error = SavedPlan::parse("{}", path()).unwrap_err();
    assert_snapshot!(error, @"plan.json is no plan that `nixops plan --out` wrote");
    let error = SavedPlan::parse(r#"{ "version": 9 }"#, path()).unwrap_err();
    assert_snapshot!(error, @"the plan in plan.json has version 9, and this nixops knows version 1");
    let error = SavedPlan::read(Utf8Path::new("/nowhere/plan")).unwrap_err();
    assert_snapshot!(error, @"cannot read the plan in /nowhere/plan");
}

#[test]
fn everything_that_has_moved_is_told() {
    let now = SavedDeployment {
        serial: 6,
        ..deployment()
    };
    let flake = SavedSource {
        nar_hash: "sha256-B".to_owned(),
        arguments: SavedPlan::digest_of(&json!({ "a": 1 })),
        selected: Some(vec!["web".to_owned()]),
        kill_obsolete: true,
        ..source()
    };
    assert_snapshot!(saved().verify(&now, &flake).unwrap_err(), @"the plan does not fit any more: the state has been changed since (serial 4 → 6); the source has been changed since (sha256-A → sha256-B); the arguments of the network are others now; other machines are selected now; it was made without --kill-obsolete");
    let other = SavedDeployment {
        uuid: "u-2".to_owned(),
        name: None,
        ..now
    };
    assert_snapshot!(saved().verify(&other, &source()).unwrap_err(), @"the plan does not fit any more: it is for the deployment production, and this is u-2");
}

#[test]
fn what_the_plan_says_is_allowed_and_nothing_else() {
    let plan = saved();
    let allowed = [
        planned("data", Action::Keep),
        planned("late", Action::Update),
        planned("new", Action::Create),
        planned("new", Action::Adopt),
        planned("other", Action::ReplaceCreateFirst),
        planned("other", Action::Delete),
        planned("stranger", Action::Obsolete),
    ];
    for now in allowed {
        assert_eq!(plan.allows(&now), Ok(()));
    }
    let more = PlannedResource {
        changes: vec![
            changed("size", Shown::Absent),
            changed("mode", Shown::Absent),
        ],
        ..planned("data", Action::Update)
    };
    let refused = [
        more,
        planned("data", Action::Replace),
        planned("late", Action::Replace),
        planned("stranger", Action::Create),
        planned("new", Action::Delete),
    ];
    let told = refused
        .iter()
        .map(|now| plan.allows(now).unwrap_err().to_string());
    assert_snapshot!(told.collect::<Vec<_>>().join("\n"), @r"
    `mode` of volumes.data would be changed too, which the plan does not say
    volumes.data would be replaced, and the plan says that it is updated
    volumes.late would be replaced, and the plan says that it is kept or updated
    volumes.stranger would be created, and the plan says nothing of it
    volumes.new would be deleted, and the plan says that it is created
    ");
}

#[test]
fn a_machine_gets_the_system_of_the_plan() {
    let plan = saved();
    let system = |derivation: &str| PlannedMachine {
        derivation: Some(derivation.to_owned()),
        ..PlannedMachine::default()
    };
    assert_eq!(
        plan.allows_machine("web", &system("/nix/store/a.drv")),
        Ok(())
    );
    assert_eq!(
        plan.allows_machine("db", &system("/nix/store/b.drv")),
        Ok(())
    );
    let error = plan.allows_machine("web", &system("/nix/store/b.drv"));
    assert_snapshot!(error.unwrap_err(), @"web would get /nix/store/b.drv, and the plan says /nix/store/a.drv");
    let error = plan.allows_machine("mail", &system("/nix/store/a.drv"));
    assert_snapshot!(error.unwrap_err(), @"the plan says nothing of the machine mail");
}

fn any_shown() -> impl Strategy<Value = Shown> {
    prop_oneof![
        Just(Shown::Absent),
        Just(Shown::Sensitive),
        Just(Shown::KnownAfterApply),
        Just(Shown::Different),
        any::<f64>().prop_map(|number| Shown::Value(json!(number))),
        ".{0,12}".prop_map(|text| Shown::Value(json!({ text.clone(): [text] }))),
    ]
}

proptest! {
    #[test]
    fn a_saved_plan_comes_back_and_no_edit_passes(
        name in ".{0,8}",
        shown in any_shown(),
        at in any::<prop::sample::Index>(),
        letter in "[a-z0-9 ]",
    ) {
        let mut saved = saved();
        let mut resource = planned(&name, Action::Update);
        resource.changes = vec![changed(&name, shown)];
        saved.plan.resources.resources.push(resource);
        let text = saved.to_text();
        let read = SavedPlan::parse(&text, path()).unwrap();
        prop_assert_eq!(&read.to_text(), &text);

        let places: Vec<usize> = text.char_indices().map(|(place, _)| place).collect();
        let place = places[at.index(places.len())];
        let rest = text[place..].chars().next().map_or(0, char::len_utf8);
        let edited = format!("{}{letter}{}", &text[..place], &text[place + rest..]);
        prop_assert!(edited == text || SavedPlan::parse(&edited, path()).is_err());
    }
}
