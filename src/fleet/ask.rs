//! How hosts fare, many asked at a time.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    check::Answer,
    host::{Connections, Error, Target},
    network::HealthCheck,
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

/// A host and what it is asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// How it is reached.
    pub target: Target,
    /// What must hold of it, by name.
    pub checks: BTreeMap<String, HealthCheck>,
}

/// Asks hosts what runs there and how they fare, each over one connection; none waits for another one
/// longer than for its place.
pub fn ask(
    connections: &Connections,
    questions: &BTreeMap<String, Question>,
    limits: AskLimits,
) -> BTreeMap<String, Result<Answer, Error>> {
    let questions: Vec<_> = questions.iter().collect();
    let mut answers = BTreeMap::new();
    each(
        &questions,
        limits.at_once,
        |(_, question)| ask_one(connections, question, limits.answer_within),
        |(name, _), answer| drop(answers.insert((*name).clone(), answer)),
    );
    answers
}

fn ask_one(
    connections: &Connections,
    question: &Question,
    within: Duration,
) -> Result<Answer, Error> {
    let host = connections.connect(&question.target)?;
    let look = host.look().clone();
    let health = told(host.health(within))?.unwrap_or_default();
    let unhealthy = told(host.examine(&question.checks))?;
    host.close();
    Ok(Answer {
        look,
        health,
        unhealthy,
    })
}

/// What a host that was reached did not tell is unknown.
pub(super) fn told<T>(answer: Result<T, Error>) -> Result<Option<T>, Error> {
    match answer {
        Err(error) if error.is_interrupted() => Err(error),
        answer => Ok(answer.ok()),
    }
}
