//! Tokens: their secrets, and that two may have the same note.

use nixops_plugin::protocol::{Difference, Imported, Updated};
use serde_json::{Value, json};

use super::{Laptop, resource, state, text};

const TOKENS: &str = "neatcloudTokens";

#[test]
fn a_token_has_a_secret_that_stays_and_that_the_clouds_command_line_does_not_show() {
    let laptop = Laptop::new();
    let mut provider = laptop.fake_provider();
    let inputs = json!({ "note": "deploys", "password": "planted-password" });
    let made = provider.create_as(TOKENS, "ci", &inputs, "t").unwrap();
    let secret = made.outputs["secret"].as_str().unwrap().to_owned();
    assert!(
        secret.starts_with("neat-") && secret.len() == 53,
        "{secret}"
    );
    assert_eq!(provider.find(TOKENS, "t").unwrap(), made);
    assert_eq!(
        provider.create_as(TOKENS, "ci", &inputs, "t").unwrap(),
        made
    );

    let prior = state(&made, &inputs);
    let changed = json!({ "note": "deploys and more", "password": "planted-password" });
    let updated: Updated = provider.update((TOKENS, "ci"), &prior, &changed).unwrap();
    assert_eq!(updated.outputs["secret"], secret);
    for words in [
        &["list", "--json"][..],
        &["list"],
        &["show", "deploys and more"],
    ] {
        let shown = text(&laptop.cloud(words));
        assert!(shown.contains("deploys and more"), "{shown}");
        assert!(
            !shown.contains(&secret) && !shown.contains("planted"),
            "{shown}"
        );
    }
    provider.delete(TOKENS, "ci", &prior).unwrap();
    provider.delete(TOKENS, "ci", &prior).unwrap();
    assert_eq!(provider.read(TOKENS, &[prior]).resources, [None]);
}

#[test]
fn another_scope_needs_another_token_which_may_come_before_the_old_one_goes() {
    let laptop = Laptop::new();
    let mut provider = laptop.fake_provider();
    let inputs = json!({ "note": "ci", "scope": "read" });
    let old = provider.create(TOKENS, "ci", &inputs).unwrap();
    let wanted = json!({ "note": "ci", "scope": "write" });
    let params = json!({ "resource": resource(TOKENS, "ci"), "prior": state(&old, &inputs), "inputs": wanted });
    let difference: Difference = provider.call("diff", params).unwrap();
    assert!(difference.changes[0].replace);
    let new = provider.create(TOKENS, "ci", &wanted).unwrap();
    assert_ne!(new.id, old.id);
    assert_ne!(new.outputs["secret"], old.outputs["secret"]);
    provider
        .delete(TOKENS, "ci", &state(&old, &inputs))
        .unwrap();
    let read = provider.read(TOKENS, &[state(&new, &wanted)]);
    assert!(read.resources[0].is_some());
}

#[test]
fn a_token_that_nixops_did_not_make_can_be_imported_without_its_password() {
    let laptop = Laptop::new();
    let mut provider = laptop.fake_provider();
    let inputs = json!({ "note": "old", "password": "x" });
    let made = provider.create(TOKENS, "old", &inputs).unwrap();
    let params = json!({ "resource": resource(TOKENS, "new"), "id": made.id });
    let imported: Imported = provider.call("import", params).unwrap();
    assert_eq!(imported.outputs, made.outputs);
    assert_eq!(
        Value::Object(imported.inputs),
        json!({ "note": "old", "scope": "read" })
    );
}
