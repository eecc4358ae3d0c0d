//! The generations of machines.

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    evaluator::Diagnostic,
    host::{Connections, Generation, Host},
};

use super::Member;

/// The generations of a machine's system profile.
#[derive(Clone, Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Generations {
    /// The machine.
    pub machine: String,
    /// Its generations, oldest first.
    pub generations: Vec<Generation>,
    /// Those that were deleted just now.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deleted: Vec<u32>,
    /// Why it is not known.
    pub problem: Option<Diagnostic>,
}

/// Generations that are to be deleted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Doomed {
    /// These.
    Numbers(Vec<u32>),
    /// All that neither run, nor boot next, nor were booted.
    Old,
}

impl Generations {
    /// Asks a machine.
    pub fn ask(connections: &Connections, member: &Member) -> Self {
        Self::with(connections, member, |_, _| Ok(Vec::new()))
    }

    /// Deletes generations of a machine, all that are named or none.
    pub fn delete(connections: &Connections, member: &Member, doomed: &Doomed) -> Self {
        Self::with(connections, member, |host, all| {
            let numbers = doomed.of(all)?;
            if !numbers.is_empty() {
                let deleted = host.delete_generations(&numbers);
                deleted.map_err(|error| member.own(&error))?;
                all.retain(|one| !numbers.contains(&one.number));
            }
            Ok(numbers)
        })
    }

    fn with(
        connections: &Connections,
        member: &Member,
        work: impl FnOnce(&Host, &mut Vec<Generation>) -> Result<Vec<u32>, Diagnostic>,
    ) -> Self {
        let mut generations = Vec::new();
        let done = member.connect(connections).and_then(|host| {
            let told = host.generations();
            generations = told.map_err(|error| member.own(&error))?;
            let done = work(&host, &mut generations);
            host.close();
            done
        });
        let (deleted, problem) = match done {
            Ok(deleted) => (deleted, None),
            Err(problem) => (Vec::new(), Some(problem)),
        };
        Self {
            machine: member.name.clone(),
            generations,
            deleted,
            problem,
        }
    }
}

impl Doomed {
    /// The numbers among all generations; none may be missing, or be needed.
    fn of(&self, all: &[Generation]) -> Result<Vec<u32>, Diagnostic> {
        match self {
            Self::Old => {
                let old = all.iter().filter(|one| use_of(one).is_none());
                Ok(old.map(|one| one.number).collect())
            }
            Self::Numbers(numbers) => {
                for number in numbers {
                    let one = find(all, *number)?;
                    if let Some(usage) = use_of(one) {
                        let message = format!("generation {number} {usage}, and stays");
                        let hint = "roll back, or deploy and reboot, before it is deleted";
                        return Err(Diagnostic::new(message, Some(hint.to_owned())));
                    }
                }
                Ok(numbers.clone())
            }
        }
    }
}

/// The generation of a number.
pub(super) fn find(all: &[Generation], number: u32) -> Result<&Generation, Diagnostic> {
    let found = all.iter().find(|one| one.number == number);
    found.ok_or_else(|| {
        let numbers: Vec<String> = all.iter().map(|one| one.number.to_string()).collect();
        let hint = match numbers.as_slice() {
            [] => "it has none at all".to_owned(),
            numbers => format!("there are {}", numbers.join(", ")),
        };
        Diagnostic::new(format!("there is no generation {number}"), Some(hint))
    })
}

/// Why a generation has to stay, if it has to.
fn use_of(generation: &Generation) -> Option<&'static str> {
    let uses = [
        (generation.running, "runs"),
        (generation.current, "boots next"),
        (generation.booted, "was booted"),
    ];
    let mut uses = uses.into_iter().filter(|(is_so, _)| *is_so);
    uses.next().map(|(_, words)| words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<Generation> {
        let generation = |number| Generation {
            number,
            made: 0,
            system: format!("/nix/store/{number}").into(),
            current: number == 4,
            running: number == 3,
            booted: number == 2,
        };
        (1..=5).map(generation).collect()
    }

    #[test]
    fn what_is_needed_stays() {
        assert_eq!(Doomed::Old.of(&all()).unwrap(), [1, 5]);
        assert_eq!(Doomed::Numbers(vec![5, 1]).of(&all()).unwrap(), [5, 1]);
        for (number, word) in [(2, "was booted"), (3, "runs"), (4, "boots next")] {
            let refused = Doomed::Numbers(vec![1, number]).of(&all()).unwrap_err();
            let message = format!("generation {number} {word}, and stays");
            assert_eq!(refused.message, message);
        }
        let unknown = Doomed::Numbers(vec![9]).of(&all()).unwrap_err();
        assert_eq!(unknown.hint.unwrap(), "there are 1, 2, 3, 4, 5");
    }
}
