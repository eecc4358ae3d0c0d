//! Words by which providers find what they made.

use super::Trouble;

/// A word that no other resource has.
pub(super) fn new_token() -> Result<String, Trouble> {
    let mut bytes = [0; 16];
    let read = std::fs::File::open("/dev/urandom")
        .and_then(|mut random| std::io::Read::read_exact(&mut random, &mut bytes));
    read.map_err(|error| Trouble::new(format!("cannot read /dev/urandom: {error}"), None))?;
    Ok(format!("{:032x}", u128::from_ne_bytes(bytes)))
}
