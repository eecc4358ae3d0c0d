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
