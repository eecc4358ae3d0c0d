//! A provider in another language, written from the published protocol alone.

use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::{
    lab::Lab,
    plugins_lab::{REPOSITORY, provider},
};

/// A plugin without Nix expressions, whose provider is the Python program, and a network of it.
fn ledger(entry: &str) -> Lab {
    assert!(
        which::which("python3").is_ok(),
        "the ledger's provider needs python3, which is not on this machine"
    );
    let lab = Lab::without_hosts();
    let directory = Path::new(REPOSITORY).join("checks/plugins/ledger");
    let schema = fs::read_to_string(directory.join("schemas/ledgerEntries.json")).unwrap();
    lab.beside("ledger/schemas/ledgerEntries.json", &schema);
    let program = directory.join("ledger.py");
    let manifest = format!(
        "schemas = ./schemas; {}",
        provider(&program.to_string_lossy())
    );
    lab.plugin("ledger", &manifest);
    network(&lab, entry);
    lab
}

fn network(lab: &Lab, entry: &str) {
    let input = format!("inputs.ledger.url = \"path:{}\";", lab.place("ledger"));
    lab.network_of(
        &input,
        &format!("resources.ledgerEntries.rent = {{ {entry} }};"),
    );
}

/// The lines of the ledger, without what differs from run to run.
fn lines(lab: &Lab) -> Vec<Value> {
    let text =
        fs::read_to_string(lab.place(".local/share/ledger/ledger.jsonl")).unwrap_or_default();
    let lines = text.lines().map(|line| {
        let mut entry: Value = serde_json::from_str(line).unwrap();
        for name in ["id", "token", "deployment"] {
            entry.as_object_mut().unwrap().remove(name);
        }
        entry
    });
    lines.collect()
}

#[test]
fn a_provider_in_python_makes_changes_and_keeps_its_entries() {
    let lab = ledger("text = \"rent\"; amount = 400;");
    lab.deploy(&["--dry-run"])
        .exits(0)
        .says("+ ledgerEntries.rent  create");
    assert_eq!(lines(&lab), [json!(null); 0]);

    lab.deploy(&[]).exits(0).says("ledgerEntries.rent> created");
    let entry = json!({ "name": "rent", "text": "rent", "amount": 400, "account": "cash" });
    assert_eq!(lines(&lab), [entry]);
    lab.deploy(&["-v"])
        .exits(0)
        .says("ledgerEntries.rent> unchanged");

    network(&lab, "text = \"rent\"; amount = 450; tags = [ \"home\" ];");
    lab.deploy(&["--dry-run"])
        .exits(0)
        .says("~ ledgerEntries.rent  update")
        .says("amount: 400 → 450");
    lab.deploy(&[]).exits(0).says("ledgerEntries.rent> updated");
    let changed = json!({ "name": "rent", "text": "rent", "amount": 450, "account": "cash", "tags": ["home"] });
    assert_eq!(lines(&lab), [changed]);

    network(&lab, "text = \"rent\"; amount = 450; account = \"bank\";");
    lab.deploy(&[])
        .exits(1)
        .says("`account` cannot be changed in place")
        .says("this replaces or deletes ledgerEntries.rent; nothing was done");
    lab.deploy(&["--yes"])
        .exits(0)
        .says("ledgerEntries.rent> replaced");
    assert_eq!(lines(&lab)[0]["account"], "bank");
}

#[test]
fn what_the_provider_in_python_finds_wrong_is_told_with_its_place() {
    let lab = ledger("text = \"rent\";\n  amount = -1;");
    lab.deploy(&[])
        .exits(1)
        .says("resources.ledgerEntries.rent.amount: the amount of account cash is negative")
        .says("flake.nix:7:3");
    assert_eq!(lines(&lab), [json!(null); 0]);
}
