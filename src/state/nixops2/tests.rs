//! States of NixOps 2, made here by SQL and by hand.

use camino::{Utf8Path, Utf8PathBuf};
use insta::{assert_debug_snapshot, assert_json_snapshot, assert_snapshot};
use rusqlite::Connection;
use serde_json::json;

use super::*;
use crate::{
    schema::Registry,
    state::{Key, SecretParts, Secrets, StoredArgument},
};

const UUID: &str = "0a1b2c3d-0000-11ee-8000-00005e005301";

const SCHEMA_3: &str = include_str!("schema_3.sql");

fn attributes(table: &str) -> String {
    format!(
        r#"INSERT INTO Deployments VALUES ('{UUID}');
        INSERT INTO DeploymentAttrs VALUES
          ('{UUID}', 'name', 'shop'), ('{UUID}', 'description', 'A shop'),
          ('{UUID}', 'args', '{{"size": "3"}}'), ('{UUID}', 'nixPath', '["nixpkgs=/n"]');
        INSERT INTO {table}s VALUES
          (1, '{UUID}', 'web', 'none'), (2, '{UUID}', 'key', 'ssh-keypair'),
          (3, '{UUID}', 'disk', 'ebs-volume'), (4, '{UUID}', 'new', 'ssh-keypair');
        INSERT INTO {table}Attrs VALUES
          (1, 'targetHost', 'web.example'), (1, 'targetPort', 2222), (1, 'vmId', 'nixops-web'),
          (1, 'toplevel', '/nix/store/abc-system'), (1, 'none.sshPrivateKey', 'HUSH-1'),
          (1, 'keys', '{{"tls.key": {{"text": "HUSH-2", "user": "nginx", "keyFile": null}}}}'),
          (2, 'publicKey', 'ssh-ed25519 AAAA'), (2, 'privateKey', 'HUSH-3'), (2, 'state', 3),
          (3, 'volumeId', 'vol-1'), (3, 'size', '8'), (3, 'secretKey', 'HUSH-4'),
          (4, 'state', 1);"#
    )
}

/// A state file with these statements, in a directory that goes with the first value.
fn database(statements: &str) -> (tempfile::TempDir, Utf8PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = Utf8PathBuf::try_from(directory.path().join("deployments.nixops")).unwrap();
    Connection::open(&path)
        .unwrap()
        .execute_batch(statements)
        .unwrap();
    (directory, path)
}

fn read_file(path: &Utf8Path) -> Result<Vec<OldDeployment>, Error> {
    read(&std::fs::read(path).unwrap(), path)
}

fn schema_3() -> String {
    format!("{SCHEMA_3} {}", attributes("Resource"))
}

/// Schema 1 has other names, and no version.
fn schema_1() -> String {
    let text = schema_3()
        .replace("ResourceAttrs", "MachineAttrs")
        .replace("Resources", "Machines");
    let text = text.replace("CREATE TABLE SchemaVersion(version integer not null);", "");
    text.replace("INSERT INTO SchemaVersion VALUES (3);", "")
}

fn schema_2() -> String {
    let version = "CREATE TABLE SchemaVersion(version integer not null);
        INSERT INTO SchemaVersion VALUES (2);";
    format!("{version} {}", schema_1())
}

fn export() -> serde_json::Value {
    json!({ UUID: {
        "name": "shop",
        "description": "A shop",
        "args": "{\"size\": \"3\"}",
        "nixPath": "[\"nixpkgs=/n\"]",
        "resources": {
            "web": {
                "type": "none",
                "targetHost": "web.example",
                "targetPort": 2222,
                "vmId": "nixops-web",
                "toplevel": "/nix/store/abc-system",
                "none.sshPrivateKey": "HUSH-1",
                "keys": "{\"tls.key\": {\"text\": \"HUSH-2\", \"user\": \"nginx\", \"keyFile\": null}}",
            },
            "key": {
                "type": "ssh-keypair",
                "publicKey": "ssh-ed25519 AAAA",
                "privateKey": "HUSH-3",
                "state": "3",
            },
            "disk": { "type": "ebs-volume", "volumeId": "vol-1", "size": "8", "secretKey": "HUSH-4" },
            "new": { "type": "ssh-keypair", "state": "1" },
        },
    } })
}

fn read_export(text: &str) -> Result<Vec<OldDeployment>, Error> {
    read(text.as_bytes(), Utf8Path::new("old.json"))
}

fn brought() -> Brought {
    let mut read = read_export(&export().to_string()).unwrap();
    read.remove(0).bring().unwrap()
}

#[test]
fn all_schemas_and_the_export_hold_the_same() {
    let mut exported = read_export(&export().to_string()).unwrap();
    for old in &mut exported {
        old.resources.sort_by_key(|it| {
            ["web", "key", "disk", "new"]
                .iter()
                .position(|n| it.name == *n)
        });
    }
    for statements in [schema_1(), schema_2(), schema_3()] {
        let (_directory, path) = database(&statements);
        assert_eq!(read_file(&path).unwrap(), exported);
    }
}

#[test]
fn what_still_stands_in_the_log_is_read_and_the_file_is_left_alone() {
    let (directory, path) = database("PRAGMA journal_mode = wal;");
    let writer = Connection::open(&path).unwrap();
    writer
        .execute_batch("PRAGMA wal_autocheckpoint = 0;")
        .unwrap();
    writer.execute_batch(&schema_3()).unwrap();
    let listed = || {
        let files = std::fs::read_dir(directory.path()).unwrap();
        let mut files: Vec<_> = files
            .map(|file| file.unwrap().path())
            .map(|path| (std::fs::read(&path).unwrap(), path))
            .collect();
        files.sort();
        files
    };
    let before = listed();
    assert_eq!(read_file(&path).unwrap().len(), 1);
    assert_eq!(listed(), before);
}

#[test]
fn a_deployment_keeps_its_uuid_and_its_arguments() {
    let Brought { deployment, .. } = brought();
    assert_eq!(deployment.uuid, UUID);
    assert_eq!(deployment.lineage, UUID);
    assert_eq!(deployment.name.as_deref(), Some("shop"));
    assert_eq!(
        deployment.arguments["size"],
        StoredArgument::Expression("3".to_owned())
    );
    assert_debug_snapshot!(deployment.legacy, @r#"
    {
        "nixPath": "[\"nixpkgs=/n\"]",
    }
    "#);
}

#[test]
fn a_host_that_existed_is_a_machine_whose_secrets_stand_apart() {
    let brought = brought();
    let web = &brought.machines["web"];
    assert!(!serde_json::to_string(web).unwrap().contains("HUSH"));
    assert_json_snapshot!(web, @r#"
    {
      "backend": "none",
      "system": "/nix/store/abc-system",
      "activated": null,
      "options": {
        "allowLocalDeployment": false,
        "alwaysActivate": false,
        "buildOnTarget": false,
        "copyProtocol": "ssh",
        "hasFastConnection": null,
        "keys": {
          "tls.key": {
            "destDir": "/run/keys",
            "group": "root",
            "literal": true,
            "name": "tls.key",
            "path": "/run/keys/tls.key",
            "permissions": "0600",
            "source": "text",
            "user": "nginx"
          }
        },
        "nixosRelease": "",
        "owners": [],
        "privilegeEscalationCommand": [],
        "provisionSSHKey": true,
        "publicIPv4": null,
        "rollback": {
          "activationTimeout": 600,
          "enable": true,
          "onFailedUnits": false,
          "timeout": 60
        },
        "sshOptions": [],
        "substituteOnDestination": false,
        "tags": [],
        "targetEnv": "none",
        "targetHost": "web.example",
        "targetPort": 2222,
        "targetUser": "root"
      },
      "legacy": {
        "vmId": "nixops-web"
      }
    }
    "#);
    let hidden = brought.secrets["web"].private.as_ref().unwrap();
    assert_eq!(hidden["none.sshPrivateKey"], "HUSH-1");
    assert!(hidden["keys"].as_str().unwrap().contains("HUSH-2"));
}

#[test]
fn a_key_pair_is_there_and_one_that_was_never_made_is_not() {
    let brought = brought();
    let record = &brought.records[&Key::new("sshKeyPairs", "key")];
    assert_eq!(
        record.state.outputs,
        *json!({ "publicKey": "ssh-ed25519 AAAA" })
            .as_object()
            .unwrap()
    );
    let Secrets::Open(parts) = &record.secrets else {
        panic!("{:?}", record.secrets)
    };
    assert_eq!(parts.outputs.as_ref().unwrap()["privateKey"], "HUSH-3");
    assert!(
        !brought
            .records
            .contains_key(&Key::new("sshKeyPairs", "new"))
    );
}

#[test]
fn a_resource_of_an_unknown_plugin_is_kept_whole_and_hidden() {
    let brought = brought();
    let record = &brought.records[&Key::new("ebs-volume", "disk")];
    assert_eq!(record.plugin, UNTOUCHED);
    assert!(record.state.inputs.is_empty() && record.state.outputs.is_empty());
    let Secrets::Open(parts) = &record.secrets else {
        panic!("{:?}", record.secrets)
    };
    assert_eq!(
        parts.private,
        Some(json!({ "volumeId": "vol-1", "size": "8", "secretKey": "HUSH-4" }))
    );
    assert!(!format!("{brought:?}").contains("HUSH"));
}

#[test]
fn a_plugin_that_comes_later_claims_what_is_its_own() {
    let mut registry = Registry::new();
    let options = json!({
        "type": "object",
        "properties": {
            "size": { "type": "integer" },
            "secretKey": { "type": "string", "x-nixops-sensitive": true },
        },
    });
    registry
        .add("ebsVolumes", &options.to_string(), "aws")
        .unwrap();
    let key = Key::new("ebs-volume", "disk");
    let record = brought().records.remove(&key).unwrap();
    let Secrets::Open(parts) = record.secrets.clone() else {
        panic!("{:?}", record.secrets)
    };
    let state = SecretParts::complete(*parts, &record.state);
    let owner = |kind: &str| (kind == "ebsVolumes").then(|| "aws".to_owned());
    let claimed = claim(&key, &record, &state, &registry, owner).unwrap();
    assert_eq!(claimed.key, Key::new("ebsVolumes", "disk"));
    assert_eq!(claimed.record.plugin, "aws");
    assert_eq!(claimed.record.state.id, "vol-1");
    assert_eq!(
        claimed.record.state.inputs,
        *json!({ "size": 8 }).as_object().unwrap()
    );
    // Without an id, the provider would not find it.
    let mut other = state.clone();
    other.private = Some(json!({ "size": "8" }));
    assert_eq!(claim(&key, &record, &other, &registry, owner), None);
    // And what is claimed is not claimed again.
    assert_eq!(
        claim(&claimed.key, &claimed.record, &state, &registry, owner),
        None
    );
}

fn refusal(text: &str) -> String {
    let deployments = read_export(text).and_then(|all| {
        all.into_iter()
            .map(OldDeployment::bring)
            .collect::<Result<Vec<_>, _>>()
    });
    deployments.unwrap_err().to_string()
}

#[test]
fn a_broken_export_is_refused_with_its_line() {
    let whole = serde_json::to_string_pretty(&export()).unwrap();
    let half = &whole[..whole.len() / 2];
    assert_snapshot!(refusal(half), @"old.json: line 18, column 11: 0a1b2c3d-0000-11ee-8000-00005e005301.resources.key: EOF while parsing a string");
    assert_snapshot!(refusal(&whole.replace("\"type\": \"none\",", "")), @"old.json: line 33, column 5: 0a1b2c3d-0000-11ee-8000-00005e005301.resources.web: missing field `type`");
    assert_snapshot!(refusal(&whole.replace("\"vol-1\"", "[\"HUSH\"]")), @"old.json: line 12, column 21: 0a1b2c3d-0000-11ee-8000-00005e005301.resources.disk.volumeId: invalid type: sequence, expected a text");
    assert_snapshot!(refusal(&whole.replace("resources", "things")), @"old.json: line 8, column 6: 0a1b2c3d-0000-11ee-8000-00005e005301.things: invalid type: map, expected a text");
    assert_snapshot!(refusal(&format!("{{ \"{UUID}\": \"HUSH\" }}")), @"old.json: line 1, column 48: 0a1b2c3d-0000-11ee-8000-00005e005301: invalid type: string …, expected the attributes of a deployment");
    assert_snapshot!(refusal("{ \"dependencies\": { \"resources\": {} } }"), @"old.json: `dependencies` is no UUID of a deployment");
    assert_snapshot!(refusal(&whole.replace("2222", "\"HUSH\"")), @"none `web`: the attribute `targetPort` is no number");
    assert_snapshot!(refusal(&format!("{whole} more")), @"old.json: line 35, column 3: trailing characters");
}

#[test]
fn a_database_that_is_none_of_ours_is_refused() {
    let said = |statements: &str| {
        let (_directory, path) = database(statements);
        let error = read_file(&path).unwrap_err().to_string();
        error.replace(path.as_str(), "STATE")
    };
    assert_snapshot!(said("CREATE TABLE other(x);"), @"STATE is a database, but no state of NixOps");
    assert_snapshot!(said(&schema_3().replace("VALUES (3)", "VALUES (4)")), @"the state of NixOps in STATE has schema 4, and schemas 1 to 3 are known");
}

#[test]
fn a_torn_database_is_refused() {
    let many = (0..2000)
        .map(|number| format!("INSERT INTO ResourceAttrs VALUES (3, 'a{number}', 'text');"));
    let many = many.collect::<Vec<_>>().join(" ");
    let (_directory, path) = database(&format!("BEGIN; {} {many} COMMIT;", schema_3()));
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let error = read_file(&path).unwrap_err();
    assert!(matches!(error, Error::Damaged { .. }), "{error:?}");
}
