//! For whom secrets are sealed.

use std::{fs, io};

use camino::Utf8PathBuf;

use super::{Error, keys::Recipient};

/// A list of public keys, and where it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// Where it stands, such as `network.storage.file.recipients`.
    pub place: String,
    /// The keys.
    pub keys: Vec<String>,
}

/// For whom secrets are sealed, beside the user himself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recipients {
    /// Those that the network names.
    pub named: Named,
    /// A file of the user's with more of them, one a line; it need not be there.
    pub file: Option<Utf8PathBuf>,
}

impl Recipients {
    /// Checks the keys that the network names, which need no file.
    pub fn check(&self) -> Result<(), Error> {
        parse(&self.named).map(drop)
    }

    /// All recipients, each once: the user's own key first.
    pub(super) fn with_own(&self, own: Recipient) -> Result<Vec<Recipient>, Error> {
        let mut all = vec![own];
        for recipient in parse(&self.named)?
            .into_iter()
            .chain(parse(&self.of_file()?)?)
        {
            if !all.contains(&recipient) {
                all.push(recipient);
            }
        }
        Ok(all)
    }

    fn of_file(&self) -> Result<Named, Error> {
        let Some(path) = &self.file else {
            return Ok(Named::default());
        };
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Named::default()),
            Err(source) => {
                return Err(Error::File {
                    action: "read",
                    path: path.clone(),
                    what: "recipients of secrets",
                    source,
                });
            }
        };
        let lines = text.lines().map(str::trim);
        let keys = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        Ok(Named {
            place: path.to_string(),
            keys: keys.map(str::to_owned).collect(),
        })
    }
}

fn parse(named: &Named) -> Result<Vec<Recipient>, Error> {
    let recipient = |text: &String| {
        text.parse().map_err(|reason| Error::NotARecipient {
            place: named.place.clone(),
            text: shown(text),
            reason: other_kind(text).unwrap_or(reason),
        })
    };
    named.keys.iter().map(recipient).collect()
}

/// A private key that was put there by mistake is not shown.
fn shown(text: &str) -> String {
    if text.to_ascii_uppercase().starts_with("AGE-SECRET-KEY-") {
        "AGE-SECRET-KEY-…".to_owned()
    } else {
        text.to_owned()
    }
}

fn other_kind(text: &str) -> Option<&'static str> {
    let upper = text.to_ascii_uppercase();
    if upper.starts_with("AGE-SECRET-KEY-") {
        return Some("it is a private key, which belongs to one person alone: make a new one");
    }
    if text.starts_with("ssh-") {
        return Some("keys of ssh are not supported; a key in the age format is (`age-keygen`)");
    }
    let of_plugin = upper.starts_with("AGE1") && upper.matches('1').count() > 1;
    of_plugin.then_some("keys of plugins of age are not supported")
}
