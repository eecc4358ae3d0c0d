//! Schemas by type.

use serde_json::{Value, json};

use crate::schema::{Kind, REDACTED, Registry};

#[test]
fn a_type_has_one_schema_unless_it_is_overridden() {
    let mut registry = Registry::new();
    let text = r#"{ "type": "object", "x-nixops-kind": "machine", "x-nixops-version": 3 }"#;
    assert_eq!(
        registry.add("cloud", text, "plugin a").unwrap(),
        Kind::Machine
    );
    assert_eq!(registry.get("cloud").unwrap().version, Some(3));
    let error = registry
        .add("cloud", text, "plugin b")
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "the type cloud of plugin b is already taken by plugin a"
    );
    registry.replace("cloud", text, "plugin b").unwrap();
    assert_eq!(registry.get("cloud").unwrap().origin, "plugin b");
}

#[test]
fn outputs_are_checked_by_their_own_schema() {
    let mut registry = Registry::new();
    let text = json!({ "type": "object", "x-nixops-outputs": {
        "type": "object", "properties": { "address": { "$ref": "#/$defs/Address" } }, "required": ["address"] },
        "$defs": { "Address": { "type": "string" } } });
    registry.add("servers", &text.to_string(), "x").unwrap();
    assert_eq!(
        registry.validate_outputs("servers", &json!({ "address": "::1" })),
        []
    );
    let findings = registry.validate_outputs("servers", &json!({ "address": null }));
    assert_eq!(
        findings[0].to_string(),
        "address: expected a string, but found null"
    );
}

#[test]
fn the_core_brings_schemas_of_its_own() {
    let registry = Registry::new();
    let names: Vec<&str> = registry.iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["commandOutput", "key", "machine", "sshKeyPairs"]);
    let pair = json!({ "publicKey": "ssh-ed25519 x", "privateKey": "s3cret" });
    assert_eq!(registry.validate("sshKeyPairs", &pair), []);
    assert_eq!(
        registry.without_sensitive("sshKeyPairs", &pair),
        json!({ "publicKey": "ssh-ed25519 x" })
    );
    assert_eq!(
        registry.redact("sshKeyPairs", &pair)["privateKey"],
        REDACTED
    );
}

#[test]
fn a_machine_is_checked_with_its_keys() {
    let key = |source: Value| {
        let mut key = json!({ "name": "tls.key", "path": "/run/keys/tls.key", "destDir": "/run/keys",
            "user": "root", "group": "root", "permissions": "0600" });
        key.as_object_mut()
            .unwrap()
            .extend(source.as_object().unwrap().clone());
        key
    };
    let mut machine = json!({
        "targetEnv": "none", "targetHost": "web", "targetPort": 22, "targetUser": "root", "sshOptions": [],
        "privilegeEscalationCommand": ["sudo"], "alwaysActivate": false, "owners": [], "hasFastConnection": false,
        "provisionSSHKey": true, "nixosRelease": "26.05", "publicIPv4": null, "tags": [], "buildOnTarget": false,
        "substituteOnDestination": true, "copyProtocol": "ssh", "neatcloud": { "size": 1 },
        "keys": { "tls.key": key(json!({ "source": "file", "keyFile": "/k" })) },
    });
    let registry = Registry::new();
    assert_eq!(registry.validate("machine", &machine), []);
    machine["targetPort"] = json!(70000);
    machine["publicIPv4"] = json!(4);
    machine["copyProtocol"] = json!("rsync");
    machine["keys"]["tls.key"] = key(json!({ "source": "command" }));
    machine["keys"]["b"] = key(json!({ "source": "tape" }));
    let findings: Vec<String> = registry
        .validate("machine", &machine)
        .iter()
        .map(ToString::to_string)
        .collect();
    insta::assert_snapshot!(findings.join("\n"), @r#"
    copyProtocol: expected one of "ssh", "ssh-ng", but found "rsync"
    keys.b.source: expected one of "text", "file", "command", but found "tape"
    keys."tls.key".keyCommand: is required, but not there; expected a list, each a string
    publicIPv4: expected a string or null, but found 4
    targetPort: expected an integer between 1 and 65535, but found 70000
    "#);
}
