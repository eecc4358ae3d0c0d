//! The file beside a network that says which deployment is its own.

use std::fs;

use super::*;

fn directory() -> (TempDir, Utf8PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = Utf8PathBuf::from_path_buf(directory.path().to_owned()).unwrap();
    (directory, path)
}

fn identity(name: &str) -> Identity {
    Identity {
        name: name.into(),
        lineage: UUID.into(),
    }
}

#[test]
fn an_identity_is_read_as_it_was_written() {
    let (_guard, directory) = directory();
    let nothing = Recorded::read(&directory).unwrap();
    assert_eq!(nothing.get("default"), None);
    let prod = identity("prod");
    nothing.with("default", &prod).write(&directory).unwrap();
    let text = fs::read_to_string(directory.join("nixops.json")).unwrap();
    insta::assert_snapshot!(text, @r#"
    {
      "deployments": {
        "default": {
          "lineage": "6f1a43f0-2f0c-4d0e-9f1d-0c1f5a7d9b11",
          "name": "prod"
        }
      },
      "version": 1
    }
    "#);
    let read = Recorded::read(&directory).unwrap();
    assert_eq!(read.get("default"), Some(prod));
    assert_eq!(read.get("other"), None);
}

#[test]
fn what_a_newer_version_added_is_kept() {
    let (_guard, directory) = directory();
    let text = json!({
        "version": 1,
        "remark": "ours",
        "deployments": {
            "default": { "name": "old", "lineage": "x", "more": true },
            "test": { "name": "t", "lineage": "y" },
        },
    });
    fs::write(directory.join("nixops.json"), text.to_string()).unwrap();
    let recorded = Recorded::read(&directory).unwrap();
    let recorded = recorded.with("default", &identity("prod"));
    recorded.write(&directory).unwrap();
    let written = fs::read(directory.join("nixops.json")).unwrap();
    let written: Value = serde_json::from_slice(&written).unwrap();
    let mut expected = text;
    expected["deployments"]["default"]["name"] = json!("prod");
    expected["deployments"]["default"]["lineage"] = json!(UUID);
    assert_eq!(written, expected);
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 1);
}

#[test]
fn a_file_that_makes_no_sense_is_no_reason_for_another_deployment() {
    let (_guard, directory) = directory();
    let cases = [
        "",
        "[]",
        "{ \"version\": \"1\" }",
        "{ \"version\": 2 }",
        "{ \"deployments\": [] }",
        "{ \"deployments\": { \"default\": { \"name\": \"prod\" } } }",
    ];
    let texts = cases.map(|text| {
        fs::write(directory.join("nixops.json"), text).unwrap();
        told(&Recorded::read(&directory).unwrap_err()).replace(directory.as_str(), "NETWORK")
    });
    insta::assert_snapshot!(texts.join("\n"), @r"
    cannot tell from NETWORK/nixops.json which deployment the network has: EOF while parsing a value at line 1 column 0
    cannot tell from NETWORK/nixops.json which deployment the network has: invalid type: sequence, expected a map at line 1 column 0
    cannot tell from NETWORK/nixops.json which deployment the network has: its version is no number
    cannot tell from NETWORK/nixops.json which deployment the network has: it has version 2, and this nixops knows 1
    cannot tell from NETWORK/nixops.json which deployment the network has: its deployments are no object
    cannot tell from NETWORK/nixops.json which deployment the network has: deployments.default: missing field `lineage`
    ");
}

#[test]
fn another_network_is_not_deployed_there() {
    let mut deployment = Deployment::new(UUID, Some("prod"), "default");
    check_binding(&deployment, "default", UUID).unwrap();
    let renamed = check_binding(&deployment, "web", UUID).unwrap_err();
    insta::assert_snapshot!(renamed, @"the deployment prod belongs to another network: default (6f1a43f0-2f0c-4d0e-9f1d-0c1f5a7d9b11), and this is web (6f1a43f0-2f0c-4d0e-9f1d-0c1f5a7d9b11)");
    deployment.source = "git+file:///home/alice/net".into();
    let other = check_binding(&deployment, "default", "aa-1").unwrap_err();
    let text = format!("{other}\nhint: {}", other.hint().unwrap());
    insta::assert_snapshot!(text, @r"
    the deployment prod belongs to another network: default (6f1a43f0-2f0c-4d0e-9f1d-0c1f5a7d9b11), last deployed from git+file:///home/alice/net, and this is default (aa-1)
    hint: if it was moved or renamed, `nixops modify --rebind` gives the deployment this network; if not, `nixops create` makes another deployment
    ");
}
