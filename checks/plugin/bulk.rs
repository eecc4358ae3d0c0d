//! Questions about many resources.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use insta::assert_snapshot;
use nixops::plugin::{
    PluginSet, Providers,
    provider::{Error, Patience},
};
use nixops_plugin::protocol::{Attributes, Create, Created, ResourceRef, ResourceState, Validate};
use serde_json::json;

use super::world::{LONG, PATIENT, World, create, notebook_in};

/// The notebook as a plugin that brings the type `note`, whose version is 1.
fn providers(world: &World) -> Providers {
    let plugin = json!({
        "name": "notebook", "version": "1", "input": "books", "override": false, "locked": null,
        "source": null, "attributes": [], "protocol": 1, "nixexprs": [], "schemas": null,
        "types": ["note", "book"], "backends": [],
        "provider": { "program": notebook_in(world), "drv": null, "out": null },
    });
    Providers::new(
        PluginSet::from_json(vec![plugin]).unwrap(),
        world.nix(),
        world.processes.clone(),
        world.path("roots"),
        BTreeMap::new(),
        Arc::new(|_, _| {}),
    )
    .unwrap()
}

fn note(name: &str) -> ResourceRef {
    ResourceRef {
        kind: "note".to_owned(),
        name: name.to_owned(),
        deployment: "d".to_owned(),
    }
}

fn inputs(text: &str) -> Attributes {
    let inputs = json!({ "book": "novel", "text": text, "tags": ["a"] });
    inputs.as_object().unwrap().clone()
}

#[test]
fn answers_come_in_the_order_of_the_questions_and_one_that_fails_fails_alone() {
    let world = World::new();
    let providers = providers(&world);
    let provider = providers.of("note").unwrap();
    let question = |number: usize| Create {
        resource: note(&number.to_string()),
        inputs: if number == 300 {
            Attributes::new()
        } else {
            inputs(&number.to_string())
        },
        token: format!("token-{number}"),
    };
    let questions: Vec<Create> = (0..500).map(question).collect();
    let made = provider.request_many::<_, Created>("create", &questions, LONG);
    assert_eq!(made.len(), 500);
    for (number, made) in made.iter().enumerate() {
        match made {
            Ok(made) => {
                let token = format!("token-{number}");
                let hex = token
                    .bytes()
                    .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
                assert_eq!(made.id, format!("novel/{hex}.note"));
            }
            Err(error) => assert!(
                number == 300 && matches!(error, Error::Refused { .. }),
                "{error}"
            ),
        }
    }
    let states = made
        .into_iter()
        .filter_map(Result::ok)
        .map(|made| ResourceState {
            id: made.id,
            ..ResourceState::default()
        });
    let gone = ResourceState {
        id: "novel/nothing.note".to_owned(),
        ..ResourceState::default()
    };
    let states: Vec<_> = states.chain([gone]).collect();
    let read = providers.read_many("note", states).unwrap();
    assert_eq!(read.len(), 500);
    let place = read.iter().position(Option::is_none);
    assert_eq!(place, Some(499));
    assert_eq!(providers.read_many("note", Vec::new()).unwrap(), []);
}

#[test]
fn a_question_that_is_too_long_is_not_asked_and_the_others_are() {
    let world = World::new();
    let providers = providers(&world);
    let provider = providers.of("note").unwrap();
    let question = |text: &str| Validate {
        resource: note("one"),
        inputs: inputs(text),
    };
    let questions = [
        question("a"),
        question(&"x".repeat(16 << 20)),
        question("c"),
    ];
    let answers = provider.validate_many(&questions, LONG);
    assert!(answers[0].is_ok() && answers[2].is_ok());
    assert_snapshot!(answers[1].as_ref().unwrap_err(), @"plugin `notebook` (input `books`): `validate` cannot be asked: it is longer than a message may be (16 MiB)");
}

#[test]
fn who_ends_in_the_middle_leaves_all_without_answer() {
    let world = World::new();
    let provider = world.misbehaving("crashes", PATIENT).unwrap();
    let questions: Vec<Create> = (0..200).map(|_| create()).collect();
    let answers = provider.request_many::<_, Created>("create", &questions, LONG);
    let asked = answers
        .iter()
        .filter(|answer| matches!(answer, Err(Error::Broken { asked: true, .. })));
    // What was never on its way was certainly not done.
    let asked = asked.count();
    assert!((3..=64).contains(&asked), "{asked}");
    let before = answers
        .iter()
        .filter(|answer| matches!(answer, Err(Error::Broken { asked: false, .. })));
    assert_eq!(before.count(), 200 - asked);
    world.expect_silence();
}

#[test]
fn when_time_is_over_what_is_on_the_way_is_given_up_and_the_rest_is_not_asked() {
    let world = World::new();
    let patience = Patience {
        cancel: LONG,
        ..PATIENT
    };
    let provider = world
        .misbehaving("gives-up-in-the-middle", patience)
        .unwrap();
    let questions: Vec<Create> = (0..3).map(|_| create()).collect();
    let limit = Duration::from_millis(300);
    let answers = provider.request_many::<_, Created>("create", &questions, limit);
    assert_eq!(answers[0].as_ref().unwrap().id, "one");
    assert!(matches!(answers[1], Err(Error::TimedOut { .. })));
    // What was made at the last moment is not lost.
    assert_eq!(answers[2].as_ref().unwrap().id, "three");
}

#[test]
fn what_an_older_version_kept_is_upgraded_and_what_a_newer_one_kept_is_refused() {
    let world = World::new();
    let providers = providers(&world);
    let state = ResourceState {
        id: "61.note".to_owned(),
        inputs: inputs("hi"),
        ..ResourceState::default()
    };
    assert_eq!(providers.version("note").unwrap(), 1);
    let upgraded = providers
        .upgrade("note", 0, vec![state.clone(), state.clone()])
        .unwrap();
    assert_eq!(
        upgraded.iter().map(|state| &*state.id).collect::<Vec<_>>(),
        ["novel/61.note"; 2]
    );
    assert_eq!(
        providers.upgrade("note", 1, vec![state.clone()]).unwrap(),
        std::slice::from_ref(&state)
    );
    let error = providers
        .upgrade("note", 3, vec![state.clone()])
        .unwrap_err();
    assert_snapshot!(format!("{error}\n{}", error.hint().unwrap()), @"
    plugin `notebook` (input `books`): what is kept of `note` is of version 3, and its provider knows version 1
    use the revision of the plugin that kept it, or a newer one
    ");
    let lost = ResourceState::default();
    assert_snapshot!(providers.upgrade("note", 0, vec![lost]).unwrap_err(), @"plugin `notebook` (input `books`): `upgrade`: nobody knows the book of the note");
}
