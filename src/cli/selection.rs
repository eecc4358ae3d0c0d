//! Arguments that select machines, the same for every verb.

use std::collections::BTreeMap;

use anyhow::Result;
use clap::Args;

use crate::{
    evaluator::{self, Depth, Diagnostic, Evaluated, Evaluator, Known},
    plan::Selection,
};

/// Which machines are meant.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Machines")]
pub struct SelectionArguments {
    /// Only these machines: names, globs such as `web-*`, or tags such as `@eu`
    #[arg(long, value_name = "PATTERN", num_args = 1.., value_delimiter = ',')]
    #[arg(visible_alias = "include")]
    on: Vec<String>,

    /// Not these machines; the same patterns
    #[arg(long, value_name = "PATTERN", num_args = 1.., value_delimiter = ',')]
    exclude: Vec<String>,
}

impl SelectionArguments {
    /// What was typed, as patterns.
    pub fn selection(&self) -> Result<Selection> {
        Ok(Selection::parse(
            &patterns(&self.on),
            &patterns(&self.exclude),
        )?)
    }

    /// Finds what is selected by names and tags that are recorded.
    pub fn of_state(
        &self,
        names: &[String],
        tags: &BTreeMap<String, Vec<String>>,
    ) -> Result<Vec<String>> {
        Ok(self.selection()?.resolve(names, tags)?)
    }

    /// Finds the selected machines, evaluating tags only if a pattern names one.
    pub fn resolve(&self, evaluator: &Evaluator, names: &[String]) -> Result<Vec<String>> {
        let selection = self.selection()?;
        let tags = if selection.needs_tags() {
            tags(evaluator, names)?
        } else {
            BTreeMap::new()
        };
        Ok(selection.resolve(names, &tags)?)
    }
}

/// Leaves out what only a comma before a blank has made. Nothing but an empty pattern stays, and
/// matches nothing: it may be the value of a variable that was meant to be set.
fn patterns(typed: &[String]) -> Vec<String> {
    let filled: Vec<_> = typed
        .iter()
        .filter(|one| !one.is_empty())
        .cloned()
        .collect();
    if filled.is_empty() {
        typed.to_vec()
    } else {
        filled
    }
}

/// Evaluates the tags of all machines. Without those of a single one, a selection could be wrong.
fn tags(evaluator: &Evaluator, names: &[String]) -> Result<BTreeMap<String, Vec<String>>> {
    let mut tags = BTreeMap::new();
    let mut failure = None;
    evaluator.machines(Depth::Options, names, &Known::default(), |news| {
        for one in news {
            match one {
                Evaluated::Target {
                    machine, options, ..
                } => {
                    tags.insert(machine, options.tags);
                }
                Evaluated::Failed {
                    machine,
                    diagnostic,
                    ..
                } => {
                    failure.get_or_insert_with(|| without_tags(&machine, diagnostic));
                }
                _ => {}
            }
        }
    })?;
    failure.map_or(Ok(tags), |failure| Err(failure.into()))
}

/// The error of a machine whose tags are not known, which is one of the whole selection.
fn without_tags(machine: &str, diagnostic: Diagnostic) -> evaluator::Error {
    let message = format!("cannot tell the tags of {machine}: {}", diagnostic.message);
    evaluator::Error::Network(Box::new(Diagnostic {
        message,
        ..diagnostic
    }))
}

#[cfg(test)]
mod tests {
    use super::patterns;

    #[test]
    fn a_stray_comma_is_no_pattern_but_an_empty_variable_is() {
        let of =
            |typed: &[&str]| patterns(&typed.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(of(&["web", "", "db"]), ["web", "db"]);
        assert_eq!(of(&[""]), [""]);
        assert!(of(&[]).is_empty());
    }
}
