//! What must be there before what: resources and machines, and the edges between them.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::{
    Direction,
    algo::{tarjan_scc, toposort},
    graph::{DiGraph, NodeIndex},
    visit::{EdgeFiltered, EdgeRef as _, Reversed},
};

use crate::state::Key;

/// Resources and machines as nodes, and what they need as edges.
///
/// A machine that a backend makes is one node, under the type of its backend; a host that existed has
/// the type `none` ([`Graph::host`]). There are two kinds of edges. One that *needs* another is made
/// after it, so needs must not go round in circles. A machine whose system *reads* an output is brought
/// to its system after the other is there, but may itself be made before: two machines may read each
/// other's addresses.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    graph: DiGraph<Node, Edge>,
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

/// Resources that need each other.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("resources need each other: {}", .path.iter().map(ToString::to_string).collect::<Vec<_>>().join(" → "))]
pub struct Cycle {
    /// The way from one of them back to itself.
    pub path: Vec<Key>,
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

    fn keys(&self, places: impl IntoIterator<Item = NodeIndex>) -> impl Iterator<Item = Key> {
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

    /// The shortest way round from the first resource, by name, that needs itself in the end.
    fn cycle(&self) -> Cycle {
        let needs = EdgeFiltered::from_fn(&self.graph, |edge| *edge.weight() == Edge::Needs);
        let circles = tarjan_scc(&needs).into_iter();
        let within: BTreeSet<NodeIndex> = circles
            .filter(|circle| circle.len() > 1)
            .flatten()
            .collect();
        let start = within.iter().min_by_key(|place| &self.graph[**place].key);
        let path = start.map(|start| self.round(*start)).unwrap_or_default();
        Cycle {
            path: self.keys(path).collect(),
        }
    }

    /// The shortest way from a place back to itself.
    fn round(&self, start: NodeIndex) -> Vec<NodeIndex> {
        let mut ways: BTreeMap<NodeIndex, Vec<NodeIndex>> = BTreeMap::new();
        let mut front = vec![vec![start]];
        while !front.is_empty() {
            let mut further = Vec::new();
            for way in front {
                for next in self.next(way[way.len() - 1]) {
                    let way: Vec<NodeIndex> = way.iter().copied().chain([next]).collect();
                    if next == start {
                        return way;
                    }
                    if ways.insert(next, way.clone()).is_none() {
                        further.push(way);
                    }
                }
            }
            front = further;
        }
        vec![start]
    }

    /// Where needs lead from a place, by name.
    fn next(&self, place: NodeIndex) -> Vec<NodeIndex> {
        let edges = self.graph.edges(place);
        let edges = edges.filter(|edge| *edge.weight() == Edge::Needs);
        let mut next: Vec<NodeIndex> = edges.map(|edge| edge.target()).collect();
        next.sort_by_key(|place| &self.graph[*place].key);
        next
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;

    use super::*;

    fn key(name: &str) -> Key {
        Key::new("t", name)
    }

    fn keys(names: &[&str]) -> BTreeSet<Key> {
        names.iter().map(|name| key(name)).collect()
    }

    fn graph(edges: &[(&str, &[&str])]) -> Graph {
        let needs = edges
            .iter()
            .map(|(name, needed)| (key(name), keys(needed)))
            .collect();
        Graph::of(&needs)
    }

    #[test]
    fn what_is_needed_comes_first_and_the_rest_at_once() {
        let graph = graph(&[("a", &["c"]), ("b", &["b"]), ("c", &["elsewhere"])]);
        let groups = graph.groups().unwrap();
        assert_eq!(groups, [vec![key("b"), key("c")], vec![key("a")]]);
        assert_eq!(graph.order().unwrap(), [key("b"), key("c"), key("a")]);
        assert_eq!(graph.needs(&key("a")), keys(&["c"]));
    }

    #[test]
    fn a_cycle_is_told_with_its_path() {
        let error = graph(&[
            ("a", &["b"]),
            ("b", &["d"]),
            ("c", &["b"]),
            ("d", &["c", "a"]),
        ])
        .order()
        .unwrap_err();
        assert_snapshot!(error, @"resources need each other: t.a → t.b → t.d → t.a");
    }

    #[test]
    fn what_only_leads_into_a_cycle_is_no_part_of_it() {
        let error = graph(&[("a", &["b"]), ("b", &["c"]), ("c", &["b"])]);
        let error = error.order().unwrap_err();
        assert_snapshot!(error, @"resources need each other: t.b → t.c → t.b");
    }

    #[test]
    fn machines_may_read_each_other() {
        let mut graph = graph(&[("disk", &[]), ("net", &[])]);
        let [web, db] = ["web", "db"].map(|name| Key::new("servers", name));
        for machine in [&web, &db] {
            graph.add_machine(machine);
            graph.need(machine, &key("net"));
        }
        graph.read(&web, &db);
        graph.read(&db, &web);
        graph.need(&db, &key("disk"));
        assert!(graph.order().is_ok());
        let stopped = graph.dependents(&key("disk"));
        assert_eq!(stopped, BTreeSet::from([db.clone(), web.clone()]));
        let needed = graph.dependencies([&web]);
        assert!(needed.contains(&db) && needed.contains(&key("disk")));
    }

    #[test]
    fn reading_a_host_does_not_bring_along_what_that_host_reads() {
        let mut graph = graph(&[("disk", &[])]);
        let [web, db] = ["web", "db"].map(Graph::host);
        graph.add_machine(&web);
        graph.add_machine(&db);
        graph.read(&web, &db);
        graph.read(&db, &key("disk"));
        assert_eq!(
            graph.dependencies([&web]),
            BTreeSet::from([web.clone(), db.clone()])
        );
        assert_eq!(graph.dependents(&key("disk")), BTreeSet::from([db]));
    }

    #[test]
    fn ten_thousand_in_a_row_are_no_matter() {
        let name = |number: u32| key(&format!("{number:05}"));
        let needs = (0..10_000).map(|number| {
            let needed = (number > 0).then(|| name(number - 1));
            (name(number), needed.into_iter().collect())
        });
        let graph = Graph::of(&needs.collect());
        assert_eq!(graph.groups().unwrap().len(), 10_000);
        assert_eq!(graph.dependents(&name(0)).len(), 9_999);
    }

    /// Needs between a dozen resources.
    fn any_needs() -> impl Strategy<Value = BTreeMap<Key, BTreeSet<Key>>> {
        proptest::collection::vec((0_u8..12, 0_u8..12), 0..30).prop_map(|edges| {
            let mut needs: BTreeMap<Key, BTreeSet<Key>> = BTreeMap::new();
            for (one, other) in edges {
                needs.entry(key(&other.to_string())).or_default();
                let needed = needs.entry(key(&one.to_string())).or_default();
                needed.insert(key(&other.to_string()));
            }
            needs
        })
    }

    proptest! {
        #[test]
        fn there_is_an_order_or_a_way_round(needs in any_needs()) {
            let graph = Graph::of(&needs);
            match graph.groups() {
                Ok(groups) => {
                    let mut seen = BTreeSet::new();
                    for group in groups {
                        for key in &group {
                            prop_assert!(graph.needs(key).is_subset(&seen));
                        }
                        seen.extend(group);
                    }
                    prop_assert_eq!(seen.len(), needs.len());
                }
                Err(Cycle { path }) => {
                    prop_assert!(path.len() > 2);
                    prop_assert_eq!(path.first(), path.last());
                    for step in path.windows(2) {
                        prop_assert!(needs[&step[0]].contains(&step[1]));
                    }
                }
            }
        }

        #[test]
        fn dependents_are_those_who_depend(needs in any_needs()) {
            let graph = Graph::of(&needs);
            for one in needs.keys() {
                let dependents = graph.dependents(one);
                for other in needs.keys().filter(|other| *other != one) {
                    let depends = graph.dependencies([other]).contains(one);
                    prop_assert_eq!(dependents.contains(other), depends);
                }
            }
        }
    }
}
