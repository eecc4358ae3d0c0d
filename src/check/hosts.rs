//! Questions to hosts, many at a time.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    thread,
    time::Duration,
};

use crate::host::{Connections, Error, Health, Look, Target};

/// What a host answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// What runs there.
    pub look: Look,
    /// How it fares.
    pub health: Health,
}

/// What may happen at once, and how long it may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How many hosts are asked at once.
    pub at_once: usize,
    /// How long a host may take to say how it fares, once it is connected.
    pub answer_within: Duration,
}

/// Asks hosts what runs there and how they fare, each over one connection; none waits for another one
/// longer than for its place.
pub fn ask(
    connections: &Connections,
    targets: &BTreeMap<String, Target>,
    limits: Limits,
) -> BTreeMap<String, Result<Answer, Error>> {
    let waiting = Mutex::new(targets.iter());
    let answers = Mutex::new(BTreeMap::new());
    let next = || lock(&waiting).next();
    let work = || {
        while let Some((name, target)) = next() {
            let answer = ask_one(connections, target, limits.answer_within);
            lock(&answers).insert(name.clone(), answer);
        }
    };
    thread::scope(|scope| {
        for _ in 0..limits.at_once.min(targets.len()) {
            scope.spawn(work);
        }
    });
    answers.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn ask_one(connections: &Connections, target: &Target, within: Duration) -> Result<Answer, Error> {
    let host = connections.connect(target)?;
    let look = host.look().clone();
    let health = match host.health(within) {
        Ok(health) => health,
        // It was reached; what it did not tell is unknown.
        Err(error) if !error.is_interrupted() => Health::default(),
        Err(error) => return Err(error),
    };
    host.close();
    Ok(Answer { look, health })
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
