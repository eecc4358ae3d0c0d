//! What must be there before what: resources and machines, and the edges between them.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::{
    Direction,
    algo::toposort,
    graph::{DiGraph, NodeIndex},
    visit::{EdgeFiltered, EdgeRef as _, Reversed},
};

use crate::state::Key;

use super::Cycle;

/// Resources and machines as nodes, and what they need as edges.
///
/// A machine that a backend makes is one node, under the type of its backend; a host that existed has
/// the type `none` ([`Graph::host`]). There are two kinds of edges. One that *needs* another is made
/// after it, so needs must not go round in circles. A machine whose system *reads* an output is brought
/// to its system after the other is there, but may itself be made before: two machines may read each
/// other's addresses.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    pub(super) graph: DiGraph<Node, Edge>,
    places: BTreeMap<Key, NodeIndex>,
}

/// A resource or a machine.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Node {
    pub key: Key,
    pub is_machine: bool,
}

/// Why one thing comes after another.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Edge {
    /// It is made after it.
    Needs,
    /// Its system is known after it.
    Reads,
}

impl Graph {
    /// A graph of resources and what each needs. What is needed and is not among them is taken as
    /// there.
    pub fn of(needs: &BTreeMap<Key, BTreeSet<Key>>) -> Self {
        let mut graph = Self::default();
        for key in needs.keys() {
            graph.add(key, false);
        }
        for (key, needed) in needs {
            for needed in needed {
                graph.need(key, needed);
            }
        }
        graph
    }

    /// The key of a machine on a host that no backend made.
    pub fn host(name: impl Into<String>) -> Key {
        Key::new(crate::network::MachineOptions::NO_BACKEND, name)
    }

    /// Adds a resource.
    pub fn add_resource(&mut self, key: &Key) {
        self.add(key, false);
    }

    /// Adds a machine, or says of one that was added as a resource that it is a machine.
    pub fn add_machine(&mut self, key: &Key) {
        let place = self.add(key, true);
        self.graph[place].is_machine = true;
    }

    /// Says that one is made after another. Nothing needs itself, and what was not added is taken as
    /// there.
    pub fn need(&mut self, key: &Key, needed: &Key) {
        self.connect(key, needed, Edge::Needs);
    }

    /// Says that the system of a machine is known after another is there.
    pub fn read(&mut self, machine: &Key, read: &Key) {
        self.connect(machine, read, Edge::Reads);
    }

    /// Whether there is such a resource or machine.
    pub fn contains(&self, key: &Key) -> bool {
        self.places.contains_key(key)
    }

    /// All that one needs itself.
    pub fn needs(&self, key: &Key) -> BTreeSet<Key> {
        let place = self.places.get(key).into_iter();
        let edges = place.flat_map(|place| self.graph.edges(*place));
        edges
            .filter(|edge| *edge.weight() == Edge::Needs)
            .map(|edge| self.graph[edge.target()].key.clone())
            .collect()
    }

    /// All resources and machines, each after what it needs, by name where the order is free.
    pub fn order(&self) -> Result<Vec<Key>, Cycle> {
        Ok(self.groups()?.into_iter().flatten().collect())
    }

    /// Groups of resources and machines, each of which needs only those of earlier groups; within a
    /// group none needs another.
    pub fn groups(&self) -> Result<Vec<Vec<Key>>, Cycle> {
        let needs = EdgeFiltered::from_fn(&self.graph, |edge| *edge.weight() == Edge::Needs);
        let order = toposort(Reversed(&needs), None).map_err(|_| self.cycle())?;
        let mut depths = vec![0; self.graph.node_count()];
        let mut groups: Vec<Vec<Key>> = Vec::new();
        for place in order {
            let edges = self.graph.edges(place);
            let edges = edges.filter(|edge| *edge.weight() == Edge::Needs);
            let below = edges.map(|edge| depths[edge.target().index()] + 1).max();
            let depth: usize = below.unwrap_or(0);
            depths[place.index()] = depth;
            if groups.len() <= depth {
                groups.resize_with(depth + 1, Vec::new);
            }
            groups[depth].push(self.graph[place].key.clone());
        }
        for group in &mut groups {
            group.sort();
        }
        Ok(groups)
    }

    /// All that cannot come to its end without this one: what needs it, what needs that in turn, and
    /// the machines whose systems read one of them.
    pub fn dependents(&self, key: &Key) -> BTreeSet<Key> {
        let needing = self.reach([key], |edge| edge == Edge::Needs, Direction::Incoming);
        let reading = needing.iter().flat_map(|place| {
            let edges = self.graph.edges_directed(*place, Direction::Incoming);
            edges.map(|edge| edge.source())
        });
        let all: BTreeSet<NodeIndex> = needing.iter().copied().chain(reading).collect();
        self.keys(all).filter(|found| found != key).collect()
    }

    /// All that these cannot come to their end without, themselves among it: what they need and read,
    /// and what that needs in turn.
    pub fn dependencies<'a>(&self, keys: impl IntoIterator<Item = &'a Key>) -> BTreeSet<Key> {
        let keys: Vec<&Key> = keys.into_iter().collect();
        let starts = keys.iter().filter_map(|key| self.places.get(*key));
        let direct = starts.flat_map(|place| self.graph.neighbors(*place));
        let direct: Vec<Key> = self.keys(direct).collect();
        let all = keys.into_iter().chain(&direct);
        let found = self.reach(all, |edge| edge == Edge::Needs, Direction::Outgoing);
        self.keys(found).collect()
    }

    /// The nodes, sorted by key.
    pub(super) fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.places.values().map(|place| &self.graph[*place])
    }

    /// The edges, sorted by the keys of their ends.
    pub(super) fn edges(&self) -> BTreeSet<(&Key, &Key, Edge)> {
        let edges = self.graph.edge_references();
        edges
            .map(|edge| {
                let (from, to) = (&self.graph[edge.source()], &self.graph[edge.target()]);
                (&from.key, &to.key, *edge.weight())
            })
            .collect()
    }

    fn add(&mut self, key: &Key, is_machine: bool) -> NodeIndex {
        if let Some(place) = self.places.get(key) {
            return *place;
        }
        let key = key.clone();
        let place = self.graph.add_node(Node {
            key: key.clone(),
            is_machine,
        });
        self.places.insert(key, place);
        place
    }

    fn connect(&mut self, from: &Key, to: &Key, edge: Edge) {
        let (Some(from), Some(to)) = (self.places.get(from), self.places.get(to)) else {
            return;
        };
        let (from, to) = (*from, *to);
        let known = self.graph.edges_connecting(from, to);
        if from != to && known.into_iter().all(|known| *known.weight() != edge) {
            self.graph.add_edge(from, to, edge);
        }
    }

    pub(super) fn keys(
        &self,
        places: impl IntoIterator<Item = NodeIndex>,
    ) -> impl Iterator<Item = Key> {
        places
            .into_iter()
            .map(|place| self.graph[place].key.clone())
    }

    /// All places that edges lead to, where they begin among them.
    fn reach<'a>(
        &self,
        keys: impl IntoIterator<Item = &'a Key>,
        follows: impl Fn(Edge) -> bool,
        direction: Direction,
    ) -> BTreeSet<NodeIndex> {
        let places = keys.into_iter().filter_map(|key| self.places.get(key));
        let mut waiting: Vec<NodeIndex> = places.copied().collect();
        let mut found: BTreeSet<NodeIndex> = waiting.iter().copied().collect();
        while let Some(place) = waiting.pop() {
            for edge in self.graph.edges_directed(place, direction) {
                let next = match direction {
                    Direction::Outgoing => edge.target(),
                    Direction::Incoming => edge.source(),
                };
                if follows(*edge.weight()) && found.insert(next) {
                    waiting.push(next);
                }
            }
        }
        found
    }
}

#[cfg(test)]
#[path = "graph_tests.rs"]
mod tests;
