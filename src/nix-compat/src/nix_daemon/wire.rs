//! Numbers of eight bytes, little end first, and strings with their length before them and zeros up to the next eight.

use std::io::{self, Read, Write};

/// The longest string that is believed; what is longer is no answer of Nix.
const LONGEST: u64 = 64 * 1024 * 1024;

pub fn write_number(to: &mut impl Write, number: u64) -> io::Result<()> {
    to.write_all(&number.to_le_bytes())
}

pub fn write_text(to: &mut impl Write, text: &str) -> io::Result<()> {
    write_number(to, text.len() as u64)?;
    to.write_all(text.as_bytes())?;
    to.write_all(&[0; 8][..padding(text.len() as u64)])
}

pub fn write_texts<'a>(
    to: &mut impl Write,
    texts: impl ExactSizeIterator<Item = &'a str>,
) -> io::Result<()> {
    write_number(to, texts.len() as u64)?;
    for text in texts {
        write_text(to, text)?;
    }
    Ok(())
}

pub fn read_number(from: &mut impl Read) -> io::Result<u64> {
    let mut bytes = [0; 8];
    from.read_exact(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

pub fn read_text(from: &mut impl Read) -> io::Result<String> {
    let length = read_number(from)?;
    if length > LONGEST {
        return Err(invalid(format!("a string of {length} bytes")));
    }
    let mut bytes = Vec::new();
    let whole = length + padding(length) as u64;
    if from.take(whole).read_to_end(&mut bytes)? as u64 != whole {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    bytes.truncate(usize::try_from(length).unwrap_or(usize::MAX));
    String::from_utf8(bytes).map_err(|error| invalid(error.to_string()))
}

pub fn read_texts(from: &mut impl Read) -> io::Result<Vec<String>> {
    (0..read_number(from)?).map(|_| read_text(from)).collect()
}

/// What is not of the protocol.
pub fn invalid(what: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.into())
}

/// How many zeros follow so many bytes.
fn padding(length: u64) -> usize {
    ((8 - length % 8) % 8) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(texts: Vec<String>, number: u64) {
            let mut bytes = Vec::new();
            write_texts(&mut bytes, texts.iter().map(String::as_str)).unwrap();
            write_number(&mut bytes, number).unwrap();
            prop_assert_eq!(bytes.len() % 8, 0);
            let mut from = bytes.as_slice();
            prop_assert_eq!(read_texts(&mut from).unwrap(), texts);
            prop_assert_eq!(read_number(&mut from).unwrap(), number);
            prop_assert!(from.is_empty());
        }

        #[test]
        fn what_is_cut_short_is_an_error(text in ".{1,40}", cut in 1_usize..8) {
            let mut bytes = Vec::new();
            write_text(&mut bytes, &text).unwrap();
            bytes.truncate(bytes.len() - cut);
            prop_assert!(read_text(&mut bytes.as_slice()).is_err());
        }
    }

    #[test]
    fn no_length_is_believed_blindly() {
        let error = read_text(&mut u64::MAX.to_le_bytes().as_slice()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}
