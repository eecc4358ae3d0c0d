//! Which machines are meant: `--on` and `--exclude`.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use super::glob::{Glob, GlobError};
use super::suggestion::nearest;

/// Tags of each machine by its name.
type Tags = BTreeMap<String, Vec<String>>;

/// The machines that a user asks for, by patterns.
///
/// A pattern is a name, a glob over names, or `@` and a tag or a glob over tags.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Selection {
    include: Vec<Pattern>,
    exclude: Vec<Pattern>,
}

/// A selection that selects nothing, or not what its writer thinks.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum SelectionError {
    /// A pattern that cannot be read.
    #[error("the pattern {0}")]
    Pattern(GlobError),
    /// Patterns that match no machine.
    #[error("no machine matches {}", list(unmatched.iter().map(|one| one.pattern.as_str())))]
    Unmatched {
        /// The patterns, in the order in which they were typed.
        unmatched: Vec<Unmatched>,
        /// All names of the network.
        machines: Vec<String>,
        /// All tags of the network; empty where no pattern asked for tags.
        tags: Vec<String>,
    },
    /// Everything that `--on` selects is taken away by `--exclude`.
    #[error("--exclude takes away every machine that is selected")]
    Empty,
}

/// A pattern that matches nothing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unmatched {
    /// The pattern as it was typed.
    pub pattern: String,
    /// What may have been meant.
    pub suggestion: Option<String>,
}

impl SelectionError {
    /// What the user may do about it: what was meant perhaps, and what exists.
    pub fn hint(&self) -> Option<String> {
        let Self::Unmatched {
            unmatched,
            machines,
            tags,
        } = self
        else {
            return None;
        };
        let meant = unmatched.iter().filter_map(|one| one.suggestion.as_deref());
        let meant = match list(meant) {
            nothing if nothing.is_empty() => nothing,
            meant => format!("did you mean {meant}? "),
        };
        let machines = match machines.as_slice() {
            [] => "the network has no machines".to_owned(),
            _ => format!("the machines are {}", machines.join(", ")),
        };
        let tags = match tags.as_slice() {
            // Tags are known if a pattern asks for one.
            [] if unmatched.iter().any(|one| one.pattern.starts_with('@')) => {
                "; none of them has a tag".to_owned()
            }
            [] => String::new(),
            _ => format!("; the tags are @{}", tags.join(", @")),
        };
        Some(meant + &machines + &tags)
    }
}

fn list<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = words.map(|word| format!("'{word}'")).collect();
    quoted.join(", ")
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Pattern {
    Name(Glob),
    Tag(Glob),
}

impl Pattern {
    fn parse(text: &str) -> Result<Self, GlobError> {
        Ok(match text.strip_prefix('@') {
            Some(tag) => Self::Tag(Glob::parse(tag)?),
            None => Self::Name(Glob::parse(text)?),
        })
    }

    fn matches(&self, name: &str, tags: &Tags) -> bool {
        match self {
            Self::Name(glob) => glob.matches(name),
            Self::Tag(glob) => {
                let tags = tags.get(name).into_iter().flatten();
                tags.into_iter().any(|tag| glob.matches(tag))
            }
        }
    }

    fn unmatched(&self, names: &[String], tags: &[String]) -> Unmatched {
        let (sign, glob, words) = match self {
            Self::Name(glob) => ("", glob, names),
            Self::Tag(glob) => ("@", glob, tags),
        };
        let meant = nearest(glob.as_str(), words.iter().map(String::as_str));
        Unmatched {
            pattern: format!("{sign}{}", glob.as_str()),
            suggestion: meant.map(|word| format!("{sign}{word}")),
        }
    }
}

impl Selection {
    /// Reads the patterns of `--on` and `--exclude`; none of `--on` means all machines.
    pub fn parse(on: &[String], exclude: &[String]) -> Result<Self, SelectionError> {
        let patterns = |texts: &[String]| -> Result<Vec<Pattern>, GlobError> {
            texts.iter().map(|text| Pattern::parse(text)).collect()
        };
        // Not a cause of its own: the error says all of it already.
        let patterns = |texts| patterns(texts).map_err(SelectionError::Pattern);
        Ok(Self {
            include: patterns(on)?,
            exclude: patterns(exclude)?,
        })
    }

    /// Whether a pattern names a tag, so that tags must be evaluated before [`Self::resolve`].
    pub fn needs_tags(&self) -> bool {
        let mut patterns = self.include.iter().chain(&self.exclude);
        patterns.any(|pattern| matches!(pattern, Pattern::Tag(_)))
    }

    /// Whether every machine is meant.
    pub fn is_everything(&self) -> bool {
        self.include.is_empty() && self.exclude.is_empty()
    }

    /// Finds the machines that are meant, in the order of the patterns that select them, and then of the names.
    ///
    /// `tags` may be empty unless [`Self::needs_tags`].
    pub fn resolve(&self, names: &[String], tags: &Tags) -> Result<Vec<String>, SelectionError> {
        self.refuse_unmatched(names, tags)?;
        let any = |patterns: &[Pattern], name: &str| {
            patterns.iter().any(|pattern| pattern.matches(name, tags))
        };
        let wanted = |name: &&String| {
            (self.include.is_empty() || any(&self.include, name)) && !any(&self.exclude, name)
        };
        let turn = |name: &String| self.include.iter().position(|it| it.matches(name, tags));
        let mut selected: Vec<String> = names.iter().filter(wanted).cloned().collect();
        selected.sort_by_key(turn);
        if selected.is_empty() && !self.is_everything() {
            return Err(SelectionError::Empty);
        }
        Ok(selected)
    }

    fn refuse_unmatched(&self, names: &[String], tags: &Tags) -> Result<(), SelectionError> {
        let known_tags: BTreeSet<&String> = tags.values().flatten().collect();
        let known_tags: Vec<String> = known_tags.into_iter().cloned().collect();
        let patterns = self.include.iter().chain(&self.exclude);
        let unmatched: Vec<Unmatched> = patterns
            .filter(|pattern| !names.iter().any(|name| pattern.matches(name, tags)))
            .map(|pattern| pattern.unmatched(names, &known_tags))
            .collect();
        if unmatched.is_empty() {
            return Ok(());
        }
        let machines = names.to_vec();
        Err(SelectionError::Unmatched {
            unmatched,
            machines,
            tags: known_tags,
        })
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;

    use super::*;

    fn strings(words: &[&str]) -> Vec<String> {
        words.iter().map(ToString::to_string).collect()
    }

    fn resolve(on: &[&str], exclude: &[&str]) -> Result<Vec<String>, SelectionError> {
        let names = strings(&["database", "web-1", "web-2"]);
        let tags = [
            ("database", vec!["data"]),
            ("web-1", vec!["edge", "canary"]),
            ("web-2", vec!["edge"]),
        ];
        let tags = tags.map(|(name, tags)| (name.to_owned(), strings(&tags)));
        Selection::parse(&strings(on), &strings(exclude))?.resolve(&names, &Tags::from(tags))
    }

    fn explain(error: &SelectionError) -> String {
        format!("{error}\nhint: {}", error.hint().unwrap_or_default())
    }

    #[test]
    fn names_globs_and_tags_select() {
        assert_eq!(resolve(&[], &[]).unwrap(), ["database", "web-1", "web-2"]);
        assert_eq!(
            resolve(&["web-2", "database"], &[]).unwrap(),
            ["web-2", "database"]
        );
        assert_eq!(
            resolve(&["@canary", "*"], &[]).unwrap(),
            ["web-1", "database", "web-2"]
        );
        assert_eq!(resolve(&["web-*"], &["@canary"]).unwrap(), ["web-2"]);
        assert_eq!(resolve(&["@e*"], &[]).unwrap(), ["web-1", "web-2"]);
        assert_eq!(resolve(&[], &["database"]).unwrap(), ["web-1", "web-2"]);
    }

    #[test]
    fn patterns_that_match_nothing_are_each_named() {
        let error = resolve(&["databse", "web-1", "@egde", "proxy*"], &[]).unwrap_err();
        assert_snapshot!(explain(&error), @r"
        no machine matches 'databse', '@egde', 'proxy*'
        hint: did you mean 'database', '@edge'? the machines are database, web-1, web-2; the tags are @canary, @data, @edge
        ");
        let error = resolve(&[], &["web-3"]).unwrap_err();
        assert_snapshot!(explain(&error), @r"
        no machine matches 'web-3'
        hint: did you mean 'web-1'? the machines are database, web-1, web-2; the tags are @canary, @data, @edge
        ");
    }

    #[test]
    fn a_network_without_tags_says_so() {
        let names = strings(&["db"]);
        let tags = Tags::new();
        let error = Selection::parse(&strings(&["@eu"]), &[])
            .unwrap()
            .resolve(&names, &tags);
        assert_snapshot!(explain(&error.unwrap_err()), @r"
        no machine matches '@eu'
        hint: the machines are db; none of them has a tag
        ");
    }

    #[test]
    fn a_pattern_that_cannot_be_read_is_told_once() {
        let error = anyhow::Error::from(resolve(&["web-["], &[]).unwrap_err());
        assert_snapshot!(format!("{error:#}"), @"the pattern 'web-[' has a '[' without its ']'");
    }

    #[test]
    fn an_exclusion_of_everything_is_an_error() {
        assert_eq!(resolve(&["web-1"], &["web-*"]), Err(SelectionError::Empty));
    }

    #[test]
    fn an_empty_network_is_no_error_of_the_selection() {
        assert_eq!(
            Selection::default().resolve(&[], &Tags::new()),
            Ok(Vec::new())
        );
    }

    proptest! {
        #[test]
        fn a_selection_and_its_exclusion_divide_the_machines(
            names in proptest::collection::btree_set("[ab]{1,4}", 1..8),
            pattern in "[ab*?]{1,4}",
        ) {
            let names: Vec<String> = names.into_iter().collect();
            let patterns = vec![pattern];
            let selected = Selection::parse(&patterns, &[]).unwrap().resolve(&names, &Tags::new());
            let others = Selection::parse(&[], &patterns).unwrap().resolve(&names, &Tags::new());
            let (Ok(mut all), Ok(others)) = (selected, others) else { return Ok(()) };
            all.extend(others);
            all.sort();
            prop_assert_eq!(all, names);
        }
    }
}
