use anstream::adapter::strip_str;
use insta::assert_snapshot;
use serde_json::{Value, json};

use super::*;
use crate::nix::StorePathSize;
use crate::plan::{
    AttributeChange, ClosureDifference, MachineAction, PlannedMachine, ResourcesPlan, Shown,
    UnitChanges,
};
use crate::state::Key;

fn planned(name: &str, action: Action) -> PlannedResource {
    PlannedResource::new(&Key::new("neatcloudVolumes", name), action)
}

fn change(path: &str, before: Shown, after: Shown) -> AttributeChange {
    AttributeChange {
        path: path.split('.').map(str::to_owned).collect(),
        before,
        after,
        replaces: false,
    }
}

fn value(value: Value) -> Shown {
    Shown::Value(value)
}

fn shown(plan: &Plan, all: bool) -> String {
    strip_str(&plan_text(plan, all)).to_string()
}

fn with_resources(resources: Vec<PlannedResource>) -> Plan {
    Plan {
        resources: ResourcesPlan {
            resources,
            deposed: Vec::new(),
        },
        ..Plan::default()
    }
}

#[test]
fn each_resource_says_what_is_done_and_why() {
    let mut create = planned("data", Action::Create);
    create.changes = vec![
        change("password", Shown::Absent, Shown::Sensitive),
        change("size", Shown::Absent, value(json!(10))),
        change("tags", Shown::Absent, value(json!({}))),
    ];
    let mut update = planned("logs", Action::Update);
    update.changes = vec![
        change("size", value(json!(10)), value(json!(20))),
        change("tags.a b", value(json!("x\u{1b}[31m")), Shown::Absent),
        change("password", Shown::Sensitive, Shown::Sensitive),
        change("address", value(json!("::1")), Shown::KnownAfterApply),
        change("mode", Shown::Different, value(json!("y".repeat(100)))),
    ];
    update.may = [Action::Keep, Action::Update, Action::Replace].into();
    let mut replace =
        planned("cache", Action::Replace).because("`region` cannot be changed in place");
    replace.changes = vec![AttributeChange {
        replaces: true,
        ..change("region", value(json!("eu")), value(json!("us")))
    }];
    let mut later = planned("late", Action::Later).because("it reads outputs of servers.web");
    later.may = [Action::Keep, Action::Update].into();
    let mut new_later = planned("later", Action::Later);
    new_later.may = [Action::Create].into();
    let mut renamed = planned("new", Action::Keep).because("it was neatcloudVolumes.old before");
    renamed.renamed_from = Some(Key::new("neatcloudVolumes", "old"));
    let plan = with_resources(vec![
        create,
        update,
        replace,
        later,
        new_later,
        renamed,
        planned("same", Action::Keep),
        planned("gone", Action::Delete),
        planned("left", Action::Forget),
        planned("old", Action::Obsolete),
    ]);
    assert_snapshot!(shown(&plan, false), @r#"
    + neatcloudVolumes.data  create
        password: (sensitive)
        size: 10
    ~ neatcloudVolumes.logs  update, or perhaps keep or replace
        size: 10 → 20
        tags."a b": "x\u001b[31m" → (none)
        password: (sensitive)
        address: "::1" → (known after apply)
        mode: (something else) → "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy…
    ± neatcloudVolumes.cache  replace: delete, then create  (`region` cannot be changed in place)
        region: "eu" → "us"  # forces replacement
    ? neatcloudVolumes.late  decide later: keep or update  (it reads outputs of servers.web)
    ? neatcloudVolumes.later  create later
    = neatcloudVolumes.new  rename  (it was neatcloudVolumes.old before)
    - neatcloudVolumes.gone  delete
    - neatcloudVolumes.left  forget, and leave it as it is
    ! neatcloudVolumes.old  obsolete: kept until --kill-obsolete

    10 resources: 2 to keep, 1 to create, 1 to update, 1 to replace, 1 to delete, 1 to forget, 1 obsolete, 2 to decide later
    "#);
}

#[test]
fn what_is_refused_is_an_error_once() {
    let refused = |name: &str| PlannedResource {
        refusal: Some(Refusal::Selected),
        ..planned(name, Action::Obsolete)
    };
    let plan = with_resources(vec![refused("a"), refused("b")]);
    assert_snapshot!(shown(&plan, false), @r"
    ! neatcloudVolumes.a  obsolete: kept until --kill-obsolete  refused
    ! neatcloudVolumes.b  obsolete: kept until --kill-obsolete  refused

    error: --kill-obsolete deletes nothing in a run that is about a part of the network
    hint: leave out --kill-obsolete here, or --on and --exclude

    2 resources: 2 obsolete
    ");
}

fn closure(paths: &[(&str, u64)]) -> Vec<StorePathSize> {
    let path = |(name, size): &(&str, u64)| StorePathSize {
        path: format!("/nix/store/{name}").into(),
        size: *size,
    };
    paths.iter().map(path).collect()
}

#[test]
fn machines_say_what_differs_in_them() {
    let before = closure(&[("1-nginx-1.24", 9_000), ("2-etc", 1), ("3-hello-1", 5_000)]);
    let after = closure(&[("4-nginx-1.26", 20_000), ("5-etc", 1), ("6-motd", 70)]);
    let units = UnitChanges {
        restart: vec!["nginx.service".to_owned()],
        stop: vec!["hello.service".to_owned()],
        ..UnitChanges::default()
    };
    let changed = PlannedMachine {
        before: Some("/nix/store/a".to_owned()),
        closure: Some(ClosureDifference::between(&before, &after)),
        units: Some(units),
        ..PlannedMachine::default()
    };
    let later = PlannedMachine {
        action: MachineAction::Later,
        awaits: [Key::new("neatcloudServers", "web")].into(),
        ..PlannedMachine::default()
    };
    let kept = PlannedMachine {
        action: MachineAction::Keep,
        ..PlannedMachine::default()
    };
    let machines = [
        ("db", kept),
        ("mail", PlannedMachine::default()),
        ("proxy", later),
        ("web", changed),
    ];
    let plan = Plan {
        machines: machines.map(|(name, one)| (name.to_owned(), one)).into(),
        ..Plan::default()
    };
    assert_snapshot!(shown(&plan, false), @r"
    + mail  deploy
    ? proxy  deploy later  (it reads outputs of neatcloudServers.web)
    ~ web  deploy
        - hello 1  -5.0 kB
        + motd  +70 B
        ~ nginx 1.24 → 1.26  +11 kB
        rebuilt: etc
        closure: 20 kB (+6.0 kB), 3 new paths of 20 kB
        stops: hello.service
        restarts: nginx.service

    4 machines: 1 to keep, 2 to deploy, 1 to deploy later
    ");
}

#[test]
fn nothing_to_do_is_one_line() {
    let mut plan = with_resources(vec![planned("a", Action::Keep), planned("b", Action::Keep)]);
    assert_snapshot!(shown(&plan, false), @"nothing is to be done: 2 resources: 2 to keep");
    assert_snapshot!(shown(&plan, true), @r"
    = neatcloudVolumes.a  keep
    = neatcloudVolumes.b  keep

    nothing is to be done: 2 resources: 2 to keep
    ");
    plan.resources.resources.clear();
    assert_snapshot!(shown(&plan, false), @"nothing is there, and nothing is to be done");
}
