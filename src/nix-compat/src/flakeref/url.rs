//! A URL on its way to become a reference.

use super::attributes::nar_hash;
use super::names::{checked_ref, checked_rev};
use super::query::Query;
use super::{FlakeRef, FlakeRefError};

/// A URL whose scheme has been read, and whose parameters are taken out one by one.
pub(super) struct Url<'a> {
    /// The whole reference, for messages.
    pub(super) text: &'a str,
    /// What stands between the scheme and the parameters.
    pub(super) rest: &'a str,
    /// The parameters that nobody has taken yet.
    pub(super) query: Query,
}

impl Url<'_> {
    /// Takes what says which state is meant, for kinds that have branches.
    pub(super) fn take_pins(&mut self, reference: &mut FlakeRef) -> Result<(), FlakeRefError> {
        if let Some(name) = self.query.take("ref") {
            reference.r#ref = Some(checked_ref(name)?);
        }
        reference.dir = self.query.take("dir");
        self.take_locks(reference)
    }

    /// Takes the revision and the hash.
    pub(super) fn take_locks(&mut self, reference: &mut FlakeRef) -> Result<(), FlakeRefError> {
        if let Some(rev) = self.query.take("rev") {
            reference.rev = Some(checked_rev(rev)?);
        }
        let hash = self.query.take("narHash");
        reference.nar_hash = hash.map(|text| nar_hash(&text)).transpose()?;
        Ok(())
    }

    /// Takes what is known of the tree besides.
    pub(super) fn take_numbers(&mut self, reference: &mut FlakeRef) -> Result<(), FlakeRefError> {
        reference.last_modified = self.take_number("lastModified")?;
        reference.rev_count = self.take_number("revCount")?;
        Ok(())
    }

    fn take_number(&mut self, name: &str) -> Result<Option<u64>, FlakeRefError> {
        let parse = |value: String| {
            value.parse().map_err(|_| FlakeRefError::Value {
                attribute: name.to_owned(),
                value,
                expected: "a number",
            })
        };
        self.query.take(name).map(parse).transpose()
    }

    /// Demands that no parameter is left; Nix ignores most of them, and so hides mistakes.
    pub(super) fn reject_rest(&mut self) -> Result<(), FlakeRefError> {
        match self.query.take_any() {
            None => Ok(()),
            Some((parameter, _)) => Err(FlakeRefError::UnknownParameter {
                text: self.text.to_owned(),
                parameter,
            }),
        }
    }
}
