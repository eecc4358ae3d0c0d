//! Private and public keys as `age` has them.

use std::collections::HashSet;

use age::{EncryptError, x25519};
use age_core::format::{FileKey, Stanza};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// A public key.
pub(super) type Recipient = x25519::Recipient;

/// The private keys of a user: the first is his own now, others were his own once.
pub(super) struct Identities {
    own: x25519::Identity,
    former: Vec<x25519::Identity>,
}

impl Identities {
    /// Reads keys, one a line, between lines that are empty or begin with `#`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut identities = Vec::new();
        for (number, line) in text.lines().map(str::trim).enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            // The line itself may be a mistyped key: it is never shown.
            let identity = line
                .parse()
                .map_err(|reason| format!("line {}: {reason}", number + 1))?;
            identities.push(identity);
        }
        if identities.is_empty() {
            return Err("there is no key in it".to_owned());
        }
        Ok(Self {
            own: identities.remove(0),
            former: identities,
        })
    }

    /// Makes a key, and the text of a file that holds it.
    pub fn generate() -> (Self, Zeroizing<String>) {
        use age::secrecy::ExposeSecret as _;
        let identity = x25519::Identity::generate();
        let text = format!(
            "# Made by nixops. It opens the secrets of your states: keep a copy, and show it to nobody.\n\
             # public key: {}\n{}\n",
            identity.to_public(),
            identity.to_string().expose_secret()
        );
        let identities = Self {
            own: identity,
            former: Vec::new(),
        };
        (identities, Zeroizing::new(text))
    }

    /// The public half of the user's own key.
    pub fn own(&self) -> Recipient {
        self.own.to_public()
    }

    /// All of them, for what is to be opened.
    pub fn iter(&self) -> impl Iterator<Item = &dyn age::Identity> {
        let all = std::iter::once(&self.own).chain(&self.former);
        all.map(|identity| identity as _)
    }
}

/// Everybody who may open what is sealed.
pub(super) struct Team {
    members: Vec<Recipient>,
    mark: Mark,
}

/// A line in the header of what is sealed that tells one team from another. As the format asks, whoever opens
/// it passes over what he does not know.
struct Mark(String);

impl Team {
    pub fn of(members: Vec<Recipient>) -> Self {
        let mut names: Vec<_> = members.iter().map(ToString::to_string).collect();
        names.sort();
        let digest = Sha256::digest(names.join("\n"));
        let number = digest.iter().take(8);
        let number = number.fold(0, |number, byte| number << 8 | u64::from(*byte));
        Self {
            members,
            mark: Mark(format!("{number:016x}")),
        }
    }

    /// All who get the key of what is sealed, and the mark.
    pub fn recipients(&self) -> impl Iterator<Item = &dyn age::Recipient> {
        let members = self.members.iter().map(|member| member as _);
        members.chain(std::iter::once(&self.mark as _))
    }

    /// The mark, as it stands in a header.
    pub fn line(&self) -> String {
        format!("-> {MARK} {}", self.mark.0)
    }
}

/// The first word of the mark.
const MARK: &str = "nixops-team";

impl age::Recipient for Mark {
    fn wrap_file_key(&self, _: &FileKey) -> Result<(Vec<Stanza>, HashSet<String>), EncryptError> {
        let stanza = Stanza {
            tag: MARK.to_owned(),
            args: vec![self.0.clone()],
            body: Vec::new(),
        };
        Ok((vec![stanza], HashSet::new()))
    }
}
