//! Many resources: what one costs does not grow with how many there are.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Laptop, provider::Provider, state};

/// Makes, reads and deletes resources of each type; gives how long one took in each step.
fn live(provider: &mut Provider, many: usize) -> [Duration; 3] {
    let of = |number: usize| -> (&str, String, Value) {
        let name = format!("r{number}");
        match number % 4 {
            0 => ("neatcloud", name, json!({})),
            1 => ("neatcloudVolumes", name, json!({ "size": 1 })),
            2 => ("neatcloudTokens", name, json!({ "note": "same" })),
            _ => {
                let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAA";
                ("neatcloudSshKeys", name, json!({ "publicKey": key }))
            }
        }
    };
    let many_as_number = u32::try_from(many).unwrap();
    let begun = Instant::now();
    let made: Vec<_> = (0..many)
        .map(|number| {
            let (kind, name, inputs) = of(number);
            let made = provider.create(kind, &name, &inputs).unwrap();
            (kind, name, state(&made, &inputs))
        })
        .collect();
    let created = begun.elapsed() / many_as_number;
    let begun = Instant::now();
    for kind in [
        "neatcloud",
        "neatcloudVolumes",
        "neatcloudTokens",
        "neatcloudSshKeys",
    ] {
        let states = made.iter().filter(|(of, ..)| *of == kind);
        let states: Vec<_> = states.map(|(.., state)| state.clone()).collect();
        let read = provider.read(kind, &states);
        assert!(read.resources.iter().all(Option::is_some));
    }
    let read = begun.elapsed() / many_as_number;
    let begun = Instant::now();
    for (kind, name, state) in &made {
        provider.delete(kind, name, state).unwrap();
    }
    [created, read, begun.elapsed() / many_as_number]
}

#[test]
fn a_resource_among_thousands_costs_what_it_costs_alone() {
    let laptop = Laptop::new();
    let mut provider = laptop.fake_provider();
    let few = live(&mut provider, 400);
    let many = live(&mut provider, 4000);
    eprintln!("create, read, delete: {few:?} each of 400, {many:?} each of 4000");
    for (few, many) in few.iter().zip(many) {
        // What grows with their number would make it ten times as long.
        assert!(
            many < *few * 4 + Duration::from_micros(200),
            "{few:?} {many:?}"
        );
    }
}
