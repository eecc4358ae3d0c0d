//! How long things take. The bounds hold for a slow and busy computer, without optimisation.

use std::time::{Duration, Instant};

use super::*;

/// A state with this many resources.
fn of(resources: usize) -> Site {
    let site = site();
    let database = Database::open(&site.path).unwrap();
    let named = |number| {
        let mut record = record(&format!("token-of-{number}"));
        record.needs.insert(volume(&format!("v{}", number / 2)));
        (volume(&format!("v{number}")), record)
    };
    let whole = Whole {
        deployment: Deployment::new(UUID, None, "default"),
        records: Records {
            current: (0..resources).map(named).collect(),
            deposed: Vec::new(),
        },
        machines: [].into(),
    };
    database.add(&[whole], &NoKey).unwrap();
    site
}

/// The quickest of some tries.
fn quickest(mut work: impl FnMut()) -> Duration {
    let tries = (0..3).map(|_| {
        let begun = Instant::now();
        work();
        begun.elapsed()
    });
    tries.min().unwrap()
}

#[test]
fn a_state_of_ten_thousand_resources_is_read_as_quickly_as_ten_of_a_thousand() {
    let times = [1_000, 10_000].map(|resources| {
        let site = of(resources);
        let open = quickest(|| drop(Database::open(&site.path).unwrap()));
        let look = quickest(|| drop(Database::look(&site.path).unwrap()));
        let database = Database::open(&site.path).unwrap();
        let store = database.store(UUID, Arc::new(NoKey));
        let read = quickest(|| assert_eq!(store.records().unwrap().current.len(), resources));
        let write = quickest(|| put(&store, &volume("v7"), &record("t")));
        println!("{resources}: open {open:?}, look {look:?}, read {read:?}, write {write:?}");
        (open, read, write)
    });
    let [(open, read, write), (_, read_many, write_many)] = times;
    assert!(open < Duration::from_millis(200), "{open:?}");
    assert!(read_many < read * 40, "{read:?} {read_many:?}");
    assert!(
        write_many < write * 10 + Duration::from_millis(20),
        "{write:?} {write_many:?}"
    );
}
