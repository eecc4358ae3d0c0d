//! Facts: what many machines read of others, evaluated once.
//!
//! A process in which a machine reads many others keeps all of them in memory, and so does every
//! other process. When that begins, the evaluation stops, the values that are being read are
//! evaluated for all machines (one after the other, nothing retained), and it goes on with them
//! as data. `lib/network/nodes.nix` puts them where the options stand.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Path of an attribute of a machine, such as `config`, `networking`, `hostName`.
pub type Path = Vec<String>;

/// How often facts are gathered before reads are left as they are.
const MOST_ROUNDS: usize = 16;

/// How many machines may be read in one process before their values become facts.
const MOST_READ: usize = 8;

/// A read of another machine, as `lib/network/nodes.nix` tells it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct Read {
    /// The machine that is read.
    pub node: String,
    /// What is read of it.
    pub path: Path,
}

/// The facts of one machine, as Nix gives them.
#[derive(Clone, Debug, Deserialize)]
pub struct Tree {
    /// Names of all attributes at this place.
    names: Vec<String>,
    /// Those of them whose values are known.
    values: Map<String, Value>,
    /// Those of them below which values are known.
    children: BTreeMap<String, Tree>,
}

/// The JSON text of the facts of one machine.
#[derive(Debug, Deserialize)]
pub struct FactsText {
    /// The machine.
    pub machine: String,
    /// Its facts.
    pub facts: Tree,
}

/// All facts that are known, in the form that `lib/bridge.nix` takes.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Facts {
    paths: BTreeSet<Path>,
    shapes: Vec<Vec<String>>,
    nodes: BTreeMap<String, Shaped>,
    #[serde(skip)]
    shape_indices: BTreeMap<Vec<String>, usize>,
    #[serde(skip)]
    rounds: usize,
}

/// A tree whose names are an index: machines of a fleet mostly have the same ones.
#[derive(Clone, Debug, Serialize)]
struct Shaped {
    names: usize,
    values: Map<String, Value>,
    children: BTreeMap<String, Shaped>,
}

impl Facts {
    /// Whether there is anything to be found.
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }

    /// Asks for further paths. What was known is to be gathered anew with them.
    pub fn ask(&mut self, paths: BTreeSet<Path>) {
        self.paths.extend(paths);
        self.rounds += 1;
    }

    /// Takes in what was found of a machine.
    pub fn learn(&mut self, text: FactsText) {
        let shaped = self.shape(text.facts);
        self.nodes.insert(text.machine, shaped);
    }

    fn shape(&mut self, tree: Tree) -> Shaped {
        let names = match self.shape_indices.get(&tree.names) {
            Some(index) => *index,
            None => self.add_shape(tree.names),
        };
        let children = tree.children.into_iter();
        Shaped {
            names,
            values: tree.values,
            children: children
                .map(|(name, tree)| (name, self.shape(tree)))
                .collect(),
        }
    }

    fn add_shape(&mut self, names: Vec<String>) -> usize {
        let index = self.shapes.len();
        self.shapes.push(names.clone());
        self.shape_indices.insert(names, index);
        index
    }
}

/// The reads of one process that no fact answers.
#[derive(Debug)]
pub struct Reads<'a> {
    facts: &'a Facts,
    nodes: BTreeSet<String>,
    paths: BTreeSet<Path>,
}

impl<'a> Reads<'a> {
    /// No reads so far.
    pub fn new(facts: &'a Facts) -> Self {
        Self {
            facts,
            nodes: BTreeSet::new(),
            paths: BTreeSet::new(),
        }
    }

    /// Takes note of a read. Paths that were asked for before gave no facts and never will.
    pub fn note(&mut self, read: Read) {
        if !self.facts.paths.contains(&read.path) {
            self.nodes.insert(read.node);
            self.paths.insert(read.path);
        }
    }

    /// The paths to ask for, if so many machines are read that this is worth its while.
    pub fn worth_asking(&self) -> Option<&BTreeSet<Path>> {
        (self.nodes.len() > MOST_READ && self.facts.rounds < MOST_ROUNDS).then_some(&self.paths)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn path(path: &str) -> Path {
        path.split('.').map(str::to_owned).collect()
    }

    fn read(node: usize, of: &str) -> Read {
        Read {
            node: format!("m{node}"),
            path: path(of),
        }
    }

    #[test]
    fn machines_of_the_same_shape_share_their_names() {
        let mut facts = Facts::default();
        for machine in ["a", "b"] {
            let text = json!({
                "machine": machine,
                "facts": {
                    "names": ["config"], "values": {},
                    "children": { "config": { "names": ["x"], "values": { "x": machine }, "children": {} } }
                }
            });
            facts.learn(serde_json::from_value(text).unwrap());
        }
        let value = serde_json::to_value(&facts).unwrap();
        assert_eq!(value["shapes"], json!([["config"], ["x"]]));
        assert_eq!(
            value["nodes"]["b"]["children"]["config"]["values"]["x"],
            "b"
        );
        assert_eq!(value["nodes"]["b"]["children"]["config"]["names"], 1);
    }

    #[test]
    fn a_few_reads_are_left_alone_and_many_are_worth_a_fact() {
        let facts = Facts::default();
        let mut reads = Reads::new(&facts);
        for node in 0..MOST_READ {
            reads.note(read(node, "config.x"));
            reads.note(read(node, "config.y"));
        }
        assert_eq!(reads.worth_asking(), None);
        reads.note(read(MOST_READ, "config.x"));
        let paths = BTreeSet::from([path("config.x"), path("config.y")]);
        assert_eq!(reads.worth_asking(), Some(&paths));
    }

    #[test]
    fn what_gave_no_fact_is_not_asked_for_again() {
        let mut facts = Facts::default();
        facts.ask(BTreeSet::from([path("config.x")]));
        let mut reads = Reads::new(&facts);
        for node in 0..100 {
            reads.note(read(node, "config.x"));
        }
        assert_eq!(reads.worth_asking(), None);
    }
}
