//! Texts that a pattern matches.
//!
//! Best effort: what it does not understand it passes over, and whoever wants a text that matches
//! looks at what came.

use std::{iter::Peekable, str::Chars};

use super::Chance;

/// How often what may be repeated without limit is repeated beyond the least number.
const MORE: u32 = 3;
const MOST: u32 = 300;

/// Makes a text for a regular expression.
pub(super) fn text(pattern: &str, chance: &mut Chance) -> String {
    let mut letters = pattern.chars().peekable();
    let nodes = alternatives(&mut letters);
    let mut text = String::new();
    write(&nodes, chance, &mut text);
    text
}

enum Node {
    Letters(Vec<(char, char)>),
    Group(Vec<Vec<Repeated>>),
    Nothing,
}

struct Repeated {
    node: Node,
    least: u32,
    most: u32,
}

fn write(alternatives: &[Vec<Repeated>], chance: &mut Chance, text: &mut String) {
    for Repeated { node, least, most } in chance.one_of(alternatives).into_iter().flatten() {
        for _ in 0..chance.between((*least).into(), (*most).into()) {
            match node {
                Node::Letters(ranges) => text.extend(letter(ranges, chance)),
                Node::Group(inner) if text.len() < 4096 => write(inner, chance, text),
                Node::Group(_) | Node::Nothing => {}
            }
        }
    }
}

fn letter(ranges: &[(char, char)], chance: &mut Chance) -> Option<char> {
    let (first, last) = *chance.one_of(ranges)?;
    let number = chance.between(u32::from(first).into(), u32::from(last).into());
    char::from_u32(u32::try_from(number).ok()?)
}

fn alternatives(letters: &mut Peekable<Chars<'_>>) -> Vec<Vec<Repeated>> {
    let mut all = vec![Vec::new()];
    while let Some(letter) = letters.next() {
        let node = match letter {
            '|' => {
                all.push(Vec::new());
                continue;
            }
            ')' => break,
            '^' | '$' => Node::Nothing,
            '(' => group(letters),
            '[' => Node::Letters(bracket(letters)),
            '.' => Node::Letters(vec![('a', 'z')]),
            '\\' => escape(letters.next()),
            letter => Node::Letters(vec![(letter, letter)]),
        };
        let (least, most) = quantity(letters);
        if let Some(last) = all.last_mut() {
            last.push(Repeated { node, least, most });
        }
    }
    all
}

fn group(letters: &mut Peekable<Chars<'_>>) -> Node {
    if letters.peek() != Some(&'?') {
        return Node::Group(alternatives(letters));
    }
    letters.next();
    let writes = letters.next() == Some(':');
    let inner = alternatives(letters);
    if writes {
        Node::Group(inner)
    } else {
        // What only looks around writes nothing.
        Node::Nothing
    }
}

fn escape(letter: Option<char>) -> Node {
    match letter {
        None | Some('b' | 'B') => Node::Nothing,
        Some(letter) => Node::Letters(class(letter)),
    }
}

fn class(letter: char) -> Vec<(char, char)> {
    match letter {
        'd' => vec![('0', '9')],
        'w' => vec![('a', 'z'), ('A', 'Z'), ('0', '9')],
        's' => vec![(' ', ' ')],
        'D' | 'S' => vec![('a', 'z')],
        'W' => vec![('-', '-')],
        'n' => vec![('\n', '\n')],
        't' => vec![('\t', '\t')],
        letter => vec![(letter, letter)],
    }
}

fn bracket(letters: &mut Peekable<Chars<'_>>) -> Vec<(char, char)> {
    let negative = letters.next_if_eq(&'^').is_some();
    let mut ranges = Vec::new();
    while let Some(letter) = letters.next() {
        match letter {
            ']' => break,
            '\\' => ranges.extend(letters.next().into_iter().flat_map(class)),
            '-' if !ranges.is_empty() && letters.peek().is_some_and(|next| *next != ']') => {
                let last = letters.next().unwrap_or('-');
                if let Some(range) = ranges.last_mut() {
                    *range = (range.0, last);
                }
            }
            letter => ranges.push((letter, letter)),
        }
    }
    let outside = |letter: &char| {
        !ranges
            .iter()
            .any(|(first, last)| (first..=last).contains(&letter))
    };
    if negative {
        let letters = ('a'..='z').chain('0'..='9').chain(['-', '_']);
        letters
            .filter(outside)
            .map(|letter| (letter, letter))
            .collect()
    } else {
        ranges
    }
}

fn quantity(letters: &mut Peekable<Chars<'_>>) -> (u32, u32) {
    let quantity = match letters.peek() {
        Some('*') => (0, MORE),
        Some('+') => (1, 1 + MORE),
        Some('?') => (0, 1),
        Some('{') => return counted(letters),
        _ => return (1, 1),
    };
    letters.next();
    letters.next_if_eq(&'?');
    quantity
}

fn counted(letters: &mut Peekable<Chars<'_>>) -> (u32, u32) {
    letters.next();
    let inside: String = letters
        .by_ref()
        .take_while(|letter| *letter != '}')
        .collect();
    letters.next_if_eq(&'?');
    let number = |text: &str| {
        text.trim()
            .parse::<u32>()
            .ok()
            .map(|number| number.min(MOST))
    };
    match inside.split_once(',') {
        None => number(&inside).map_or((1, 1), |number| (number, number)),
        Some((least, most)) => {
            let least = number(least).unwrap_or(0);
            (least, number(most).unwrap_or(least + MORE).max(least))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_match_their_patterns() {
        for pattern in [
            "^[a-z][a-z0-9-]{0,62}$",
            r"^(?:\d{1,3}\.){3}\d{1,3}(/\d+)?$",
            "^(eu|us)-(north|south)-[1-9]$",
            "^[^/:]+:[\\w.]*?$",
            "b+",
            "^$",
        ] {
            let schema = json!({ "type": "string", "pattern": pattern });
            let validator = jsonschema::validator_for(&schema).unwrap();
            let mut chance = Chance::new(1);
            for _ in 0..50 {
                let text = text(pattern, &mut chance);
                assert!(validator.is_valid(&json!(text)), "{pattern}: {text:?}");
            }
        }
    }

    #[test]
    fn patterns_without_end_or_sense_give_a_text_all_the_same() {
        for pattern in [
            "(((",
            "[a-",
            "a{99999999}",
            "(a{300}){300}",
            "*",
            "\\",
            "[^a-z0-9_-]",
        ] {
            assert!(
                text(pattern, &mut Chance::new(1)).len() < 10_000,
                "{pattern}"
            );
        }
    }
}
