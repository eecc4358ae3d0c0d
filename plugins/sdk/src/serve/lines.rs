//! Lines of bounded length.

use std::io::{self, BufRead, Read};

use crate::protocol::LARGEST_MESSAGE;

/// What is read as one message.
pub(super) enum Line {
    /// Its bytes, without the line feed.
    Whole(Vec<u8>),
    /// It is longer than a message may be, and was thrown away.
    TooLong,
}

/// Reads the next line; `None` at the end of the input.
pub(super) fn next(input: &mut impl BufRead) -> io::Result<Option<Line>> {
    let mut line = Vec::new();
    let most = LARGEST_MESSAGE as u64;
    input.by_ref().take(most).read_until(b'\n', &mut line)?;
    if line.pop_if(|last| *last == b'\n').is_some() {
        return Ok(Some(Line::Whole(line)));
    }
    if line.len() == LARGEST_MESSAGE {
        input.skip_until(b'\n')?;
        return Ok(Some(Line::TooLong));
    }
    Ok((!line.is_empty()).then_some(Line::Whole(line)))
}
