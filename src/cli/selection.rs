//! Arguments that select machines, the same for every verb.

use std::collections::BTreeMap;

use anyhow::Result;
use clap::Args;

use crate::{
    evaluator::{self, Depth, Diagnostic, Evaluated, Evaluator, Known},
    network::MachineOptions,
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
    /// The same, with more patterns of what is meant.
    pub fn with(&self, more: &[String]) -> Self {
        let mut all = self.clone();
        all.on.extend_from_slice(more);
        all
    }

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
    let all = options(evaluator, names, &Known::default(), "tags")?;
    let tags = all
        .into_iter()
        .map(|(machine, options)| (machine, options.tags));
    Ok(tags.collect())
}

/// Evaluates the options of machines, for `what` of them: the error of one that fails says that it is not known.
pub fn options(
    evaluator: &Evaluator,
    names: &[String],
    known: &Known,
    what: &str,
) -> Result<BTreeMap<String, MachineOptions>> {
    let mut all = BTreeMap::new();
    let mut failure = None;
    evaluator.machines(Depth::Options, names, known, |news| {
        for one in news {
            match one {
                Evaluated::Target {
                    machine, options, ..
                } => {
                    all.insert(machine, *options);
                }
                Evaluated::Failed {
                    machine,
                    diagnostic,
                    ..
                } => {
                    failure.get_or_insert_with(|| without(what, &machine, diagnostic));
                }
                _ => {}
            }
        }
    })?;
    failure.map_or(Ok(all), |failure| Err(failure.into()))
}

/// The error of a machine of which something is not known, which is one of the whole selection.
fn without(what: &str, machine: &str, diagnostic: Diagnostic) -> evaluator::Error {
    let message = format!(
        "cannot tell the {what} of {machine}: {}",
        diagnostic.message
    );
    evaluator::Error::Network(Box::new(Diagnostic {
        message,
        ..diagnostic
    }))
}

#[cfg(test)]
mod tests {
    use clap::{Arg, Command, CommandFactory as _};

    use super::super::Arguments;
    use super::patterns;

    /// Words by which other tools, or a verb of ours that is not like the others, would select.
    const OTHER_WORDS: [&str; 10] = [
        "include", "machine", "machines", "node", "nodes", "host", "hosts", "tag", "tags", "target",
    ];

    /// All verbs with their names, those of verbs that have some in turn too.
    fn verbs(command: &Command, name: &str) -> Vec<(String, Command)> {
        let below = command
            .get_subcommands()
            .flat_map(|verb| verbs(verb, &format!("{name} {}", verb.get_name())));
        let below: Vec<_> = below.collect();
        [(name.to_owned(), command.clone())]
            .into_iter()
            .chain(below)
            .collect()
    }

    fn argument<'a>(verb: &'a Command, id: &str) -> Option<&'a Arg> {
        verb.get_arguments()
            .find(|argument| argument.get_id() == id)
    }

    /// All that a user sees of an argument.
    fn words(it: &Arg) -> String {
        format!(
            "{:?} {:?} {:?} {:?} {:?} {:?}",
            it.get_long(),
            it.get_visible_aliases(),
            it.get_value_delimiter(),
            it.get_num_args(),
            it.get_help().map(ToString::to_string),
            it.get_help_heading(),
        )
    }

    #[test]
    fn every_verb_that_selects_machines_does_it_with_the_same_words() {
        let command = Arguments::command();
        let all = verbs(&command, "nixops");
        let selecting = |verb: &Command| argument(verb, "on").is_some();
        let deploy = &all
            .iter()
            .find(|(name, _)| name == "nixops deploy")
            .unwrap()
            .1;
        assert!(all.iter().filter(|(_, verb)| selecting(verb)).count() >= 4);
        for (name, verb) in &all {
            for id in ["on", "exclude"] {
                let (its, ours) = (argument(verb, id), argument(deploy, id).unwrap());
                assert_eq!(its.is_some(), selecting(verb), "{name} --{id}");
                let Some(its) = its else { continue };
                assert_eq!(words(its), words(ours), "{name} --{id}");
            }
            let longs = verb.get_arguments().filter_map(Arg::get_long);
            let others: Vec<&str> = longs.filter(|long| OTHER_WORDS.contains(long)).collect();
            assert_eq!(others, [""; 0], "{name}");
        }
        let on = argument(deploy, "on").unwrap();
        assert_eq!(on.get_visible_aliases(), Some(vec!["include"]));
    }

    #[test]
    fn a_stray_comma_is_no_pattern_but_an_empty_variable_is() {
        let of =
            |typed: &[&str]| patterns(&typed.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(of(&["web", "", "db"]), ["web", "db"]);
        assert_eq!(of(&[""]), [""]);
        assert!(of(&[]).is_empty());
    }
}
