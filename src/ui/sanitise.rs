//! Makes foreign text harmless on a terminal.

use std::borrow::Cow;

use anstream::adapter::strip_str;

/// Takes terminal escapes out of text that comes from elsewhere, and replaces other characters that
/// act on a terminal instead of showing.
///
/// Line ends and tabs stay. Of a line that was overwritten by carriage returns, as progress meters
/// do, the last state stays.
pub fn sanitise(text: &str) -> Cow<'_, str> {
    if !text.chars().any(acts) {
        return Cow::Borrowed(text);
    }
    let plain = strip_str(text).to_string();
    let lines = plain.split('\n').map(|line| {
        let line = line.trim_end_matches('\r');
        line.rsplit('\r').next().unwrap_or(line)
    });
    let shown = lines.collect::<Vec<_>>().join("\n");
    Cow::Owned(shown.replace(acts, "\u{fffd}"))
}

/// Whether a character does something other than show itself: controls, and the marks that turn
/// the direction of writing, which can make text read as other than it is.
fn acts(character: char) -> bool {
    let harmless = matches!(character, '\n' | '\t');
    let turns = matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    (character.is_control() && !harmless) || turns
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escapes_go_and_text_stays() {
        assert_eq!(sanitise("plain\ttext\n"), "plain\ttext\n");
        assert_eq!(sanitise("\x1b[31;1merror:\x1b[0m no"), "error: no");
        assert_eq!(sanitise("\x1b]0;title\x07web"), "web");
        assert_eq!(sanitise("10 %\r50 %\r100 %\r\ndone"), "100 %\ndone");
        assert_eq!(sanitise("a\u{202e}b\u{9b}2J"), "a\u{fffd}b\u{fffd}2J");
    }

    proptest! {
        #[test]
        fn nothing_that_acts_is_left(text in "(\\PC|[\\x00-\\x1f\\x7f-\\x9f]|\x1b\\[[0-9;]*[a-zA-Z]){0,30}") {
            let clean = sanitise(&text);
            prop_assert!(!clean.chars().any(acts));
            prop_assert_eq!(sanitise(&clean), clean.clone());
        }
    }
}
