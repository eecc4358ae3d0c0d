//! How hosts fare, many asked at a time.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    check::Answer,
    host::{Connections, Error, Health, Target},
};

use super::each;

/// What may happen at once, and how long it may take.
#[derive(Clone, Copy, Debug)]
pub struct AskLimits {
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
    limits: AskLimits,
) -> BTreeMap<String, Result<Answer, Error>> {
    let targets: Vec<_> = targets.iter().collect();
    let mut answers = BTreeMap::new();
    each(
        &targets,
        limits.at_once,
        |(_, target)| ask_one(connections, target, limits.answer_within),
        |(name, _), answer| drop(answers.insert((*name).clone(), answer)),
    );
    answers
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
