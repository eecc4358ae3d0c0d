//! Patterns for names: `*`, `?` and `[a-z]`.
//!
//! Names of machines have no directories, so the crates for file globs would bring a regular
//! expression engine for a grammar of three signs.

use thiserror::Error;

/// A pattern that could not be read.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum GlobError {
    /// A `[` without its `]`.
    #[error("'{pattern}' has a '[' without its ']'")]
    UnclosedClass {
        /// The pattern.
        pattern: String,
    },
}

/// A pattern that matches whole names.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Glob {
    text: String,
    tokens: Vec<Token>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Token {
    Literal(char),
    AnyOne,
    AnyMany,
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
}

impl Token {
    fn accepts(&self, character: char) -> bool {
        match self {
            Self::Literal(literal) => *literal == character,
            Self::AnyOne | Self::AnyMany => true,
            Self::Class { negated, ranges } => {
                let within = |(low, high): &(char, char)| (*low..=*high).contains(&character);
                ranges.iter().any(within) != *negated
            }
        }
    }
}

impl Glob {
    /// Reads a pattern.
    pub fn parse(pattern: &str) -> Result<Self, GlobError> {
        let characters: Vec<char> = pattern.chars().collect();
        let mut tokens = Vec::new();
        let mut at = 0;
        while let Some(character) = characters.get(at) {
            at += 1;
            tokens.push(match character {
                '*' => Token::AnyMany,
                '?' => Token::AnyOne,
                '[' => {
                    let (class, length) = class(&characters[at..]).ok_or_else(|| {
                        let pattern = pattern.to_owned();
                        GlobError::UnclosedClass { pattern }
                    })?;
                    at += length;
                    class
                }
                literal => Token::Literal(*literal),
            });
        }
        let text = pattern.to_owned();
        Ok(Self { text, tokens })
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the pattern matches the whole name.
    ///
    /// Takes time proportional to the product of both lengths at worst: only the last `*` is ever
    /// tried again.
    pub fn matches(&self, name: &str) -> bool {
        let name: Vec<char> = name.chars().collect();
        let (mut token, mut at) = (0, 0);
        let mut retry: Option<(usize, usize)> = None;
        while at < name.len() {
            match self.tokens.get(token) {
                Some(Token::AnyMany) => {
                    retry = Some((token, at));
                    token += 1;
                }
                Some(one) if one.accepts(name[at]) => {
                    token += 1;
                    at += 1;
                }
                _ => match &mut retry {
                    Some((star, from)) => {
                        *from += 1;
                        (token, at) = (*star + 1, *from);
                    }
                    None => return false,
                },
            }
        }
        self.tokens[token..]
            .iter()
            .all(|rest| *rest == Token::AnyMany)
    }
}

/// Reads a class behind its `[`, and says how many characters it took with its `]`.
fn class(characters: &[char]) -> Option<(Token, usize)> {
    let negated = matches!(characters.first(), Some('!' | '^'));
    let start = usize::from(negated);
    // A `]` in the first place stands for itself, as in a shell.
    let length = 1 + characters.iter().skip(start + 1).position(|c| *c == ']')?;
    let mut inside = &characters[start..start + length];
    let mut ranges = Vec::new();
    while let Some((&low, rest)) = inside.split_first() {
        if let ['-', high, rest @ ..] = rest {
            ranges.push((low, *high));
            inside = rest;
        } else {
            ranges.push((low, low));
            inside = rest;
        }
    }
    Some((Token::Class { negated, ranges }, start + length + 1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matches(pattern: &str, name: &str) -> bool {
        Glob::parse(pattern).unwrap().matches(name)
    }

    /// The definition of a glob, slow and plain.
    fn matches_by_definition(tokens: &[Token], name: &[char]) -> bool {
        match (tokens.split_first(), name.split_first()) {
            (None, rest) => rest.is_none(),
            (Some((Token::AnyMany, more)), rest) => {
                matches_by_definition(more, name)
                    || rest.is_some_and(|(_, rest)| matches_by_definition(tokens, rest))
            }
            (Some(_), None) => false,
            (Some((token, more)), Some((character, rest))) => {
                token.accepts(*character) && matches_by_definition(more, rest)
            }
        }
    }

    #[test]
    fn signs_have_the_meaning_of_a_shell() {
        assert!(matches("web*", "web"));
        assert!(matches("*-eu-*", "web-eu-1"));
        assert!(matches("web-?", "web-1"));
        assert!(!matches("web-?", "web-10"));
        assert!(matches("db[0-2a]", "dba"));
        assert!(!matches("db[0-2a]", "db3"));
        assert!(matches("db[!0-2]", "db3"));
        assert!(matches("[]x]", "]"));
        assert!(!matches("web", "web1"));
    }

    #[test]
    fn an_unclosed_class_is_an_error() {
        let error = Glob::parse("web[0-9").unwrap_err();
        assert_eq!(error.to_string(), "'web[0-9' has a '[' without its ']'");
    }

    proptest! {
        #[test]
        fn a_plain_name_matches_itself_only(name in "[a-z0-9-]{0,12}", other in "[a-z0-9-]{0,12}") {
            prop_assert!(matches(&name, &name));
            prop_assert_eq!(matches(&name, &other), name == other);
        }

        #[test]
        fn matching_is_what_the_definition_says(
            pattern in "([ab*?]|\\[[ab]\\]|\\[!a\\]){0,10}",
            name in "[abc]{0,10}",
        ) {
            let glob = Glob::parse(&pattern).unwrap();
            let characters: Vec<char> = name.chars().collect();
            let expected = matches_by_definition(&glob.tokens, &characters);
            prop_assert_eq!(glob.matches(&name), expected);
        }

        #[test]
        fn no_pattern_panics(pattern in ".{0,20}", name in ".{0,20}") {
            if let Ok(glob) = Glob::parse(&pattern) {
                glob.matches(&name);
            }
        }
    }
}
