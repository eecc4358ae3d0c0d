//! Numbers on the command line.

use std::{num::NonZero, str::FromStr};

/// Reads a number of things of which there must be one at least.
pub fn positive(text: &str) -> Result<NonZero<usize>, String> {
    at_least_one(text)
}

/// Reads a time in whole seconds; none at all would let nothing happen.
pub fn seconds(text: &str) -> Result<u64, String> {
    at_least_one::<NonZero<u64>>(text).map(NonZero::get)
}

/// Reads a number of jobs as Nix takes it: 0 leaves all of them to remote builders.
pub fn jobs(text: &str) -> Result<String, String> {
    let known = text == "auto" || text.parse::<u32>().is_ok();
    let words = "neither a whole number nor 'auto'";
    known
        .then(|| text.to_owned())
        .ok_or_else(|| words.to_owned())
}

fn at_least_one<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse()
        .map_err(|_| "not a whole number from 1 on".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_is_said_in_plain_words() {
        for wrong in ["0", "-1", "many", "1.5", ""] {
            assert_eq!(positive(wrong).unwrap_err(), "not a whole number from 1 on");
            assert!(seconds(wrong).is_err());
        }
        assert_eq!(positive("8").unwrap().get(), 8);
        assert_eq!(seconds("10"), Ok(10));
        assert!(jobs("auto").is_ok() && jobs("0").is_ok() && jobs("x").is_err());
    }
}
