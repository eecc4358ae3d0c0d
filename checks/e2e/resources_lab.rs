//! What tests of resources need: a network of nothing else, a cloud that is nothing but records, and what
//! the cloud, the state and the network say of each other.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
    sync::Arc,
};

use camino::Utf8Path;
use nixops::state::{Database, JournalLine, Key, NoKey, Phase, Records, Store as _};
use serde_json::Value;

use crate::lab::{Lab, Run};

/// Kinds of the cloud, each as its list and the plugin's types call it.
const KINDS: [(&str, &str); 4] = [
    ("servers", "neatcloud"),
    ("volumes", "neatcloudVolumes"),
    ("sshKeys", "neatcloudSshKeys"),
    ("tokens", "neatcloudTokens"),
];

/// A lab whose network is of resources alone; [`Lab::define`] changes them.
pub fn of_resources(attributes: &str) -> Lab {
    let lab = Lab::without_hosts();
    let input = lab.neatcloud();
    lab.network_of(&input, "} // import ./network.nix // {");
    lab.define(attributes);
    lab
}

impl Lab {
    /// Writes what the network is of.
    pub fn define(&self, attributes: &str) -> &Self {
        self.write("network.nix", &format!("{{\n{attributes}\n}}\n"))
    }

    /// The text of a file of the network.
    pub fn text(&self, path: &str) -> String {
        fs::read_to_string(self.directory.join(path)).expect("a file of the network")
    }

    /// A verb about to run, whose cloud is nothing but records.
    pub fn verb(&self, verb: &str, arguments: &[&str]) -> Command {
        let mut command = self.command([verb, "--accept-plugins"]);
        command.args(arguments).env("NEATCLOUD_FAKE", "1");
        command
    }

    /// Runs a verb, whose cloud is nothing but records.
    pub fn run_verb(&self, verb: &str, arguments: &[&str]) -> Run {
        Run::of(&mut self.verb(verb, arguments))
    }

    /// Deploys, with what is obsolete deleted, and without a question.
    pub fn settle(&self) -> Run {
        self.run_verb("deploy", &["--kill-obsolete", "--yes"])
    }

    /// The file of the state.
    pub fn state_database(&self) -> Database {
        let file = self.rig.home().join("state/nixops/state.db");
        Database::look(Utf8Path::from_path(&file).expect("a path in UTF-8")).expect("the state")
    }

    /// Everything that is recorded of resources.
    pub fn recorded(&self) -> Records {
        let database = self.state_database();
        let deployments = database.deployments().expect("deployments");
        let mut all = Records::default();
        for deployment in deployments {
            let store = database.store(&deployment.uuid, Arc::new(NoKey));
            let Records { current, deposed } = store.records().expect("records");
            all.current.extend(current);
            all.deposed.extend(deposed);
        }
        all
    }

    /// The journal of the one deployment there is.
    pub fn journal(&self) -> Vec<JournalLine> {
        let database = self.state_database();
        let deployments = database.deployments().expect("deployments");
        let lines = deployments.first().map(|deployment| {
            let store = database.store(&deployment.uuid, Arc::new(NoKey));
            store.journal(usize::MAX).expect("the journal")
        });
        lines.unwrap_or_default()
    }

    /// Everything that the cloud has, by type and id.
    pub fn truth(&self) -> BTreeMap<(String, String), Value> {
        let all = self.cloud(&["list", "--json"]);
        let all: Value = serde_json::from_str(&all).expect("JSON");
        let of_kind = |(list, kind): (&str, &str)| {
            let things = all[list].as_object().cloned().unwrap_or_default();
            let kind = kind.to_owned();
            things
                .into_iter()
                .map(move |(id, thing)| ((kind.clone(), id), thing))
        };
        KINDS.into_iter().flat_map(of_kind).collect()
    }

    /// What the cloud has, each thing as a line without what differs from run to run.
    pub fn things(&self) -> Vec<String> {
        let truth = self.truth();
        let name = |thing: &Value| {
            let name = thing["name"].as_str().or_else(|| thing["note"].as_str());
            let name = name.unwrap_or_default();
            // `nixops-UUID-NAME`
            let own = name.strip_prefix("nixops-").and_then(|name| name.get(37..));
            own.unwrap_or(name).to_owned()
        };
        let names: BTreeMap<&str, String> = truth
            .iter()
            .map(|((_, id), thing)| (id.as_str(), name(thing)))
            .collect();
        let mut lines: Vec<String> = truth
            .iter()
            .map(|((kind, _), thing)| {
                let name = name(thing);
                let name = names
                    .get(name.as_str())
                    .map_or(name.clone(), |of| format!("id of {of}"));
                let more = ["size", "region", "scope"].into_iter();
                let more = more.filter_map(|field| match &thing[field] {
                    Value::Null => None,
                    Value::String(text) => Some(format!(" {text}")),
                    other => Some(format!(" {other}")),
                });
                format!("{kind} {name}{}", more.collect::<String>())
            })
            .collect();
        lines.sort();
        lines
    }

    /// Expects that the state has of the cloud's things each one once, that nothing is unfinished, and
    /// that a plan would change nothing.
    #[track_caller]
    pub fn agrees(&self) {
        self.state_agrees();
        let plan = self.run_verb("plan", &["--json", "--kill-obsolete"]);
        plan.exits(0);
        for planned in all_planned(&plan.json()) {
            assert_eq!(planned["action"], "keep", "{planned:#}");
        }
    }

    /// Expects that the state has of the cloud's things each one once, and that nothing is unfinished.
    #[track_caller]
    pub fn state_agrees(&self) {
        let Records { current, deposed } = self.recorded();
        let unfinished = current
            .values()
            .filter(|record| record.phase != Phase::Ready);
        assert_eq!(unfinished.count(), 0, "{current:#?}");
        assert_eq!(deposed, [], "what was replaced is still there");
        let of_cloud = |key: &Key| KINDS.iter().any(|(_, kind)| key.kind == *kind);
        let recorded: BTreeSet<_> = current
            .iter()
            .filter(|(key, _)| of_cloud(key))
            .map(|(key, record)| {
                (
                    key.kind.clone(),
                    record.state.id.clone(),
                    record.token.clone(),
                )
            })
            .collect();
        let truth = self.truth();
        let there: BTreeSet<_> = truth
            .iter()
            .map(|((kind, id), thing)| {
                let token = thing["token"].as_str().unwrap_or_default().to_owned();
                (kind.clone(), id.clone(), token)
            })
            .collect();
        assert_eq!(recorded, there, "the state (left) and the cloud (right)");
    }

    /// Expects that a network is what the cloud has, and the state too.
    #[track_caller]
    pub fn is_settled(&self, things: &[&str]) {
        assert_eq!(self.things(), things);
        self.agrees();
    }

    /// Keeps the state and the cloud as they are now.
    pub fn keep_as(&self, name: &str) {
        self.run(
            "cp",
            &["--archive", &self.place("state"), &self.place(name)],
        );
    }

    /// Brings back the state and the cloud that were kept.
    pub fn back_to(&self, name: &str) {
        fs::remove_dir_all(self.place("state")).expect("the state goes");
        self.run(
            "cp",
            &["--archive", &self.place(name), &self.place("state")],
        );
    }

    /// Whether something is there beside the network.
    pub fn place_exists(&self, name: &str) -> bool {
        Path::new(&self.place(name)).exists()
    }

    /// The state's own file, for who meddles with it.
    pub fn meddle(&self) -> rusqlite::Connection {
        let file = Path::new(&self.place("state/nixops/state.db")).to_owned();
        rusqlite::Connection::open(file).expect("the state")
    }
}

/// All resources of a plan in JSON.
pub fn all_planned(plan: &Value) -> Vec<Value> {
    let lists = [&plan["resources"], &plan["deposed"]].into_iter();
    let list = |list: &Value| {
        list.as_array()
            .unwrap_or_else(|| panic!("no plan: {plan:#}"))
            .clone()
    };
    lists.flat_map(list).collect()
}

/// What a plan does with each resource.
pub fn actions(plan: &Value) -> BTreeMap<String, String> {
    let planned = all_planned(plan).into_iter();
    let action = |planned: Value| {
        let text = |name: &str| planned[name].as_str().unwrap_or_default().to_owned();
        (format!("{}.{}", text("type"), text("name")), text("action"))
    };
    planned.map(action).collect()
}
