//! Secrets at rest: encrypted in the [age](https://age-encryption.org/v1) format, to be opened by the user's own key
//! and by those of a team.
//!
//! An *identity* is a private key and opens; a *recipient* is its public half, and what is sealed is sealed for a list
//! of them. The user's own identity is always among those that may open, so that nobody locks himself out. Who only
//! deploys networks without secrets never gets an identity: it is read, or made, when the first value is sealed.
//!
//! The crate `age` stands in this module alone.

mod error;
mod identity;
mod keys;
mod recipients;
#[cfg(test)]
mod tests;

pub use error::Error;
pub use identity::IdentityPlace;
pub use recipients::{Named, Recipients};

use std::{
    fmt,
    io::{self, Read as _, Write as _},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use age::{DecryptError, Decryptor, Encryptor};
use camino::{Utf8Path, Utf8PathBuf};
use zeroize::Zeroizing;

use super::Sealer;
use keys::{Identities, Team};

/// Seals for the user's own identity and for the recipients of a team.
pub struct AgeSealer {
    place: IdentityPlace,
    recipients: Recipients,
    keys: Mutex<Keys>,
}

/// What was read so far.
#[derive(Default)]
struct Keys {
    identities: Option<Arc<Identities>>,
    team: Option<Arc<Team>>,
    /// The file of the identity that this run had to make.
    made: Option<Utf8PathBuf>,
}

impl AgeSealer {
    /// Prepares a sealer. Nothing is read or made before there is something to seal or to open.
    pub fn new(place: IdentityPlace, recipients: Recipients) -> Self {
        Self {
            place,
            recipients,
            keys: Mutex::default(),
        }
    }

    /// Prepares the sealer of a user whose files `age.key` and `recipients` are in a directory, which is usually
    /// `$XDG_CONFIG_HOME/nixops`. `NIXOPS_AGE_KEY` goes before the first; the network names further recipients.
    pub fn of_user(directory: &Utf8Path, named: Named) -> Self {
        let place = IdentityPlace::of_environment(&directory.join("age.key"));
        let file = Some(directory.join("recipients"));
        Self::new(place, Recipients { named, file })
    }

    /// The file of the identity that this run had to make, for a word about it to the user.
    pub fn made(&self) -> Option<Utf8PathBuf> {
        self.keys().made.clone()
    }

    /// The user's own public key; makes the identity if there is none.
    pub fn public_key(&self) -> Result<String, Error> {
        let own = self.identities_or_new(&mut self.keys())?.own();
        Ok(own.to_string())
    }

    fn team(&self) -> Result<Arc<Team>, Error> {
        let keys = &mut self.keys();
        if let Some(known) = &keys.team {
            return Ok(known.clone());
        }
        let own = self.identities_or_new(keys)?.own();
        let team = Team::of(self.recipients.with_own(own)?);
        Ok(keys.team.insert(Arc::new(team)).clone())
    }

    fn identities(&self) -> Result<Arc<Identities>, Error> {
        let keys = &mut self.keys();
        if let Some(known) = &keys.identities {
            return Ok(known.clone());
        }
        let read = self.place.read()?.ok_or_else(|| Error::NoIdentity {
            place: self.place.to_string(),
        })?;
        Ok(keys.identities.insert(Arc::new(read)).clone())
    }

    fn identities_or_new(&self, keys: &mut Keys) -> Result<Arc<Identities>, Error> {
        if let Some(known) = &keys.identities {
            return Ok(known.clone());
        }
        let identities = match self.place.read()? {
            Some(read) => read,
            None => self.place.make(&mut keys.made)?,
        };
        Ok(keys.identities.insert(Arc::new(identities)).clone())
    }

    /// What was read, to be held while more is: two threads must not make two identities.
    fn keys(&self) -> MutexGuard<'_, Keys> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn explain(&self, error: &DecryptError, sealed: &[u8]) -> Error {
        match error {
            DecryptError::NoMatchingKeys => Error::WrongKey {
                recipients: count_recipients(sealed),
                place: self.place.to_string(),
            },
            other => Error::Damaged {
                reason: reason(other, sealed),
            },
        }
    }
}

impl Sealer for AgeSealer {
    fn seal(&self, plain: &[u8]) -> Result<Vec<u8>, super::Error> {
        Ok(seal(&*self.team()?, plain)?)
    }

    fn open(&self, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, super::Error> {
        let identities = self.identities()?;
        let opened = open(&identities, sealed).map_err(|error| self.explain(&error, sealed));
        Ok(opened?)
    }

    fn is_current(&self, sealed: &[u8]) -> Result<bool, super::Error> {
        match self.identities() {
            // Who has no key gets none for this: he could not open it anyway.
            Err(Error::NoIdentity { .. }) => return Ok(true),
            identities => identities.map(drop)?,
        }
        let line = self.team()?.line();
        Ok(header(sealed).any(|found| found == line.as_bytes()))
    }
}

impl fmt::Debug for AgeSealer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("AgeSealer")
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

fn seal(team: &Team, plain: &[u8]) -> Result<Vec<u8>, Error> {
    let failed = |reason: String| Error::Sealing { reason };
    let encryptor =
        Encryptor::with_recipients(team.recipients()).map_err(|error| failed(error.to_string()))?;
    let mut sealed = Vec::with_capacity(plain.len() + 512);
    let written = || {
        let mut writer = encryptor.wrap_output(&mut sealed)?;
        writer.write_all(plain)?;
        writer.finish()
    };
    let written: io::Result<_> = written();
    written.map_err(|error| failed(error.to_string()))?;
    Ok(sealed)
}

fn open(identities: &Identities, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, DecryptError> {
    let decryptor = Decryptor::new_buffered(sealed)?;
    // Large enough for all of it: what grows leaves copies behind.
    let mut plain = Zeroizing::new(Vec::with_capacity(sealed.len()));
    decryptor
        .decrypt(identities.iter())?
        .read_to_end(&mut plain)?;
    Ok(plain)
}

/// How many keys open what was sealed, as its header says.
fn count_recipients(sealed: &[u8]) -> usize {
    header(sealed)
        .filter(|line| line.starts_with(b"-> X25519 "))
        .count()
}

/// The lines of a header.
fn header(sealed: &[u8]) -> impl Iterator<Item = &[u8]> {
    let lines = sealed.split(|byte| *byte == b'\n');
    lines.take_while(|line| !line.starts_with(b"---"))
}

/// What is wrong with what cannot be opened; the crate's own words are about files and passphrases.
fn reason(error: &DecryptError, sealed: &[u8]) -> &'static str {
    match error {
        _ if !is_sealed(sealed) => "it is not in the age format, or in a newer one",
        DecryptError::UnknownFormat | DecryptError::InvalidHeader | DecryptError::InvalidMac => {
            "its header was changed"
        }
        _ => "it was changed, or its end is missing",
    }
}

/// Whether a text begins as something that was sealed does.
pub fn is_sealed(text: &[u8]) -> bool {
    text.starts_with(b"age-encryption.org/v1\n")
}
