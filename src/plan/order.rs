//! In which order resources are brought to what they are to be.

use std::collections::{BTreeMap, BTreeSet};

use crate::state::Key;

/// Resources that need each other.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("resources need each other: {}", .path.iter().map(ToString::to_string).collect::<Vec<_>>().join(" → "))]
pub struct Cycle {
    /// The way from one of them back to itself.
    pub path: Vec<Key>,
}

/// Groups resources so that each needs only those of earlier groups; within a group none needs
/// another. What is needed and is not among them is taken as there.
pub fn order(needs: &BTreeMap<Key, BTreeSet<Key>>) -> Result<Vec<Vec<Key>>, Cycle> {
    let mut groups = Vec::new();
    let mut left: BTreeMap<&Key, BTreeSet<&Key>> = needs
        .iter()
        .map(|(key, needed)| {
            let among = needed.iter().filter(|needed| needs.contains_key(*needed));
            (key, among.collect())
        })
        .collect();
    while !left.is_empty() {
        let free = left.iter().filter(|(_, needed)| needed.is_empty());
        let group: Vec<&Key> = free.map(|(key, _)| *key).collect();
        if group.is_empty() {
            return Err(cycle(&left));
        }
        left.retain(|_, needed| !needed.is_empty());
        for needed in left.values_mut() {
            needed.retain(|key| !group.contains(key));
        }
        groups.push(group.into_iter().cloned().collect());
    }
    Ok(groups)
}

/// Follows what is needed until it comes round. Everything that is left needs something that is.
fn cycle(left: &BTreeMap<&Key, BTreeSet<&Key>>) -> Cycle {
    let mut path: Vec<&Key> = Vec::new();
    let mut next = left.keys().next().copied();
    while let Some(key) = next {
        if let Some(start) = path.iter().position(|seen| *seen == key) {
            let round = path[start..].iter().copied().chain([key]);
            return Cycle {
                path: round.cloned().collect(),
            };
        }
        path.push(key);
        next = left.get(key).and_then(|needed| needed.first().copied());
    }
    Cycle {
        path: path.into_iter().cloned().collect(),
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

    fn needs(edges: &[(&str, &[&str])]) -> BTreeMap<Key, BTreeSet<Key>> {
        let edge = |(name, needed): &(&str, &[&str])| {
            (key(name), needed.iter().map(|name| key(name)).collect())
        };
        edges.iter().map(edge).collect()
    }

    #[test]
    fn what_is_needed_comes_first_and_the_rest_at_once() {
        let groups = order(&needs(&[("a", &["c"]), ("b", &[]), ("c", &["elsewhere"])])).unwrap();
        assert_eq!(groups, [vec![key("b"), key("c")], vec![key("a")]]);
    }

    #[test]
    fn a_cycle_is_told_with_its_path() {
        let error = order(&needs(&[("a", &["b"]), ("b", &["c"]), ("c", &["b"])])).unwrap_err();
        assert_snapshot!(error, @"resources need each other: t.b → t.c → t.b");
    }

    proptest! {
        #[test]
        fn nothing_comes_before_what_it_needs_and_nothing_is_lost(
            edges in proptest::collection::vec((0_u8..12, 0_u8..12), 0..30),
        ) {
            let mut needs: BTreeMap<Key, BTreeSet<Key>> = BTreeMap::new();
            for (one, other) in edges {
                // Only towards smaller numbers, so that there is no cycle.
                let (low, high) = (one.min(other), one.max(other));
                needs.entry(key(&low.to_string())).or_default();
                let needed = needs.entry(key(&high.to_string())).or_default();
                if low != high {
                    needed.insert(key(&low.to_string()));
                }
            }
            let mut seen = BTreeSet::new();
            for group in order(&needs).unwrap() {
                for key in &group {
                    prop_assert!(needs[key].is_subset(&seen));
                }
                seen.extend(group);
            }
            prop_assert_eq!(seen.len(), needs.len());
        }
    }
}
