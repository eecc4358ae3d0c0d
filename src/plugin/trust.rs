//! Which plugins the user has seen before.
//!
//! A provider is a program that runs as the user. Before the first one of an origin does, a person
//! is shown what it is and asked.

use std::{collections::BTreeMap, fs, io};

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

/// Plugins that were accepted, by what names them for good: name and origin, without revisions.
#[derive(Debug)]
pub struct Trust {
    path: Utf8PathBuf,
    accepted: BTreeMap<String, Accepted>,
}

/// What is kept of an accepted plugin.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
struct Accepted {
    /// The revision that was shown.
    revision: Option<String>,
}

/// Why it is not known which plugins were accepted.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} the list of accepted plugins in {path}")]
pub struct TrustError {
    action: &'static str,
    path: Utf8PathBuf,
    source: io::Error,
}

impl Trust {
    /// Reads the list in a directory. One that cannot be understood counts as empty: everything is
    /// asked again.
    pub fn read(directory: &Utf8Path) -> Result<Self, TrustError> {
        let path = directory.join("accepted-plugins.json");
        let accepted = match fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(source) => {
                return Err(TrustError {
                    action: "read",
                    path,
                    source,
                });
            }
        };
        Ok(Self { path, accepted })
    }

    /// Whether a plugin of this name and origin was accepted.
    pub fn knows(&self, name: &str, origin: &str) -> bool {
        self.accepted.contains_key(&key(name, origin))
    }

    /// Accepts a plugin from now on.
    pub fn accept(
        &mut self,
        name: &str,
        origin: &str,
        revision: Option<&str>,
    ) -> Result<(), TrustError> {
        let revision = revision.map(str::to_owned);
        self.accepted
            .insert(key(name, origin), Accepted { revision });
        self.write().map_err(|source| TrustError {
            action: "write",
            path: self.path.clone(),
            source,
        })
    }

    fn write(&self) -> io::Result<()> {
        let directory = self.path.parent().unwrap_or(Utf8Path::new("."));
        fs::create_dir_all(directory)?;
        let mut file = tempfile::NamedTempFile::new_in(directory)?;
        serde_json::to_writer_pretty(&mut file, &self.accepted)?;
        file.persist(&self.path).map_err(|error| error.error)?;
        Ok(())
    }
}

fn key(name: &str, origin: &str) -> String {
    format!("{name} from {origin}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_is_accepted_by_name_and_origin_and_for_good() {
        let directory = tempfile::tempdir().unwrap();
        let place = Utf8Path::from_path(directory.path()).unwrap().join("state");
        let mut trust = Trust::read(&place).unwrap();
        assert!(!trust.knows("cloud", "github:me/cloud"));
        trust
            .accept("cloud", "github:me/cloud", Some("abc"))
            .unwrap();
        let trust = Trust::read(&place).unwrap();
        assert!(trust.knows("cloud", "github:me/cloud"));
        assert!(!trust.knows("cloud", "github:other/cloud"));
        assert!(!trust.knows("clouds", "github:me/cloud"));
    }

    #[test]
    fn a_list_that_is_none_asks_everything_again() {
        let directory = tempfile::tempdir().unwrap();
        let place = Utf8Path::from_path(directory.path()).unwrap();
        fs::write(place.join("accepted-plugins.json"), "[").unwrap();
        assert!(!Trust::read(place).unwrap().knows("a", "b"));
    }
}
