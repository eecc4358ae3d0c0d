//! Resources that need each other, and how they do.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use petgraph::{
    algo::tarjan_scc,
    graph::NodeIndex,
    visit::{EdgeFiltered, EdgeRef as _},
};

use crate::state::Key;

use super::graph::{Edge, Graph};

/// Resources that need each other.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("resources need each other: {}", .path.iter().map(ToString::to_string).collect::<Vec<_>>().join(" → "))]
pub struct Cycle {
    /// The way from one of them back to itself.
    pub path: Vec<Key>,
}

impl Graph {
    /// The shortest way round from the first resource, by name, that needs itself in the end.
    pub(super) fn cycle(&self) -> Cycle {
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
        let mut came_from: BTreeMap<NodeIndex, NodeIndex> = BTreeMap::new();
        let mut waiting = VecDeque::from([start]);
        while let Some(place) = waiting.pop_front() {
            for next in self.next(place) {
                if came_from.contains_key(&next) {
                    continue;
                }
                came_from.insert(next, place);
                waiting.push_back(next);
            }
            if came_from.contains_key(&start) {
                break;
            }
        }
        let mut way = vec![start];
        while let Some(place) = came_from.get(&way[way.len() - 1]) {
            way.push(*place);
            if *place == start {
                break;
            }
        }
        way.reverse();
        way
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
