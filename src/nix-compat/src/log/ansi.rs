//! Takes colour out of messages.

use std::borrow::Cow;

const ESCAPE: char = '\u{1b}';
const BELL: char = '\u{7}';

/// Gives the text without terminal control sequences (colour, hyperlinks, cursor movements).
///
/// Nix colours its messages even where they are data, and even if `NO_COLOR` is set. Sequences are
/// those of ECMA-48: `ESC [ … letter`, `ESC ] … BEL` or `ESC ] … ESC \`, `ESC ( letter` and two-character ones.
/// A sequence that does not end takes the rest of the text with it.
pub fn strip_ansi(text: &str) -> Cow<'_, str> {
    if !text.contains(ESCAPE) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, sequence)) = rest.split_once(ESCAPE) {
        plain.push_str(before);
        rest = after_sequence(sequence);
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

/// Gives what follows a sequence whose escape character has been read.
fn after_sequence(sequence: &str) -> &str {
    let mut characters = sequence.chars();
    match characters.next() {
        Some('[') => after_control(characters.as_str()),
        Some(']') => after_string(characters.as_str()),
        Some(' '..='/') => after_intermediates(characters.as_str()),
        _ => characters.as_str(),
    }
}

fn after_control(parameters: &str) -> &str {
    parameters
        .split_once(|character: char| ('@'..='~').contains(&character))
        .map_or("", |(_, rest)| rest)
}

/// Ends a choice of character set, such as `ESC ( B`.
fn after_intermediates(sequence: &str) -> &str {
    let mut characters = sequence.chars();
    let last = characters.find(|character| !(' '..='/').contains(character));
    last.map_or("", |_| characters.as_str())
}

fn after_string(content: &str) -> &str {
    let end = content.find([BELL, ESCAPE]).unwrap_or(content.len());
    let (_, end) = content.split_at(end);
    end.strip_prefix("\u{1b}\\")
        .or_else(|| end.strip_prefix([BELL, ESCAPE]))
        .unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::strip_ansi;

    #[test]
    fn colours_links_and_unfinished_sequences_go() {
        assert_eq!(strip_ansi("plain 'x'"), "plain 'x'");
        assert_eq!(strip_ansi("\u{1b}[31;1merror:\u{1b}[0m bad"), "error: bad");
        let link = "\u{1b}]8;;http://x\u{1b}\\here\u{1b}]8;;\u{7}!";
        assert_eq!(strip_ansi(link), "here!");
        assert_eq!(strip_ansi("a\u{1b}(Bb"), "ab");
        assert_eq!(strip_ansi("cut\u{1b}[3"), "cut");
        assert_eq!(strip_ansi("ü\u{1b}"), "ü");
    }
}
