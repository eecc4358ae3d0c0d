//! `nixops delete-generation`

use anyhow::Result;
use clap::Args;

use crate::fleet::{Doomed, Generations};

use super::{Context, fleet::ManyArguments, list_generations::show};

/// Delete generations of machines
///
/// From the system profile of each selected machine, all that are named or none. What runs, boots
/// next or was booted stays. The store of the machine loses nothing before its next garbage
/// collection, and its boot menu changes with the next deploy.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops delete-generation 12 13 --on web
  nixops delete-generation old                 all that nobody needs, on all machines

Exit codes:
  0 all went well, 1 something failed, 2 wrong usage, 130 interrupted")]
pub struct DeleteGeneration {
    /// Their numbers, or `old` for all that neither run, nor boot next, nor were booted
    #[arg(value_name = "GENERATION", required = true)]
    generations: Vec<Named>,

    #[command(flatten)]
    many: ManyArguments,
}

/// A generation as it is named.
#[derive(Clone, Copy, Debug)]
enum Named {
    Number(u32),
    Old,
}

impl std::str::FromStr for Named {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "old" => Ok(Self::Old),
            text => text
                .parse()
                .map(Self::Number)
                .map_err(|_| "neither a number nor `old`".to_owned()),
        }
    }
}

impl DeleteGeneration {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let numbers = self.generations.iter().map(|one| match one {
            Named::Number(number) => Some(*number),
            Named::Old => None,
        });
        // Where all old ones go, those that are named go too, or they are needed.
        let numbers: Option<Vec<u32>> = numbers.collect();
        let doomed = numbers.map_or(Doomed::Old, Doomed::Numbers);
        let all = self.many.each(context, |connections, member| {
            Generations::delete(connections, member, &doomed)
        })?;
        show(context, &all)
    }
}
