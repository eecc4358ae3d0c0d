//! Why a secret cannot be sealed or opened.

use std::io;

use camino::Utf8PathBuf;

/// Why a secret cannot be sealed or opened. No text of it holds a key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file of keys cannot be read or written.
    #[error("cannot {action} {path}, which holds the {what}")]
    File {
        /// What was to be done.
        action: &'static str,
        /// The file.
        path: Utf8PathBuf,
        /// What it holds.
        what: &'static str,
        /// Why it could not.
        source: io::Error,
    },
    /// Others may read the user's key.
    #[error(
        "{path} holds the key that opens the secrets of the state, and others may read it (mode {mode:04o})"
    )]
    Open {
        /// The file.
        path: Utf8PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// There is something to open, and nothing to open it with.
    #[error(
        "a secret in the state is encrypted, and there is no key to open it: looked for it in {place}"
    )]
    NoIdentity {
        /// Where it was looked for.
        place: String,
    },
    /// It is not a key.
    #[error("{place} does not hold a key in the age format: {reason}")]
    NotAnIdentity {
        /// Where it was found.
        place: String,
        /// What is wrong, without what stands there.
        reason: String,
    },
    /// A recipient is not one.
    #[error("{place}: `{text}` is not a recipient: {reason}")]
    NotARecipient {
        /// Where it stands.
        place: String,
        /// What stands there.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The key is another one.
    #[error(
        "a secret in the state cannot be opened: it is encrypted for {}, and the key in {place} is not among them",
        keys(*.recipients)
    )]
    WrongKey {
        /// How many keys would open it.
        recipients: usize,
        /// Where the user's own was found.
        place: String,
    },
    /// What was sealed has changed.
    #[error("a secret in the state is damaged: {reason}")]
    Damaged {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Nothing could be encrypted.
    #[error("a secret could not be encrypted: {reason}")]
    Sealing {
        /// Why.
        reason: String,
    },
}

impl Error {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Open { .. } => "make it yours alone: chmod 600",
            Self::NoIdentity { .. } => {
                "put a copy of the key that made it there, or its text into NIXOPS_AGE_KEY; a colleague who can open the \
                 secrets can add you as a recipient"
            }
            Self::NotAnIdentity { .. } => {
                "it should be one line that begins with AGE-SECRET-KEY-1, as age-keygen writes it"
            }
            Self::NotARecipient { .. } => {
                "a recipient begins with age1; it is the public key in the first lines of a colleague's age.key"
            }
            Self::WrongKey { .. } => {
                "use the key that made them, or let somebody who can open them add your public key to the recipients and \
                 deploy again"
            }
            Self::Damaged { .. } => "put back a copy of the state from before it was damaged",
            Self::File { .. } | Self::Sealing { .. } => return None,
        })
    }
}

fn keys(count: usize) -> String {
    match count {
        1 => "1 key".to_owned(),
        count => format!("{count} keys"),
    }
}
