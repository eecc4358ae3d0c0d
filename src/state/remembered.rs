//! Names of a network that was evaluated, for who cannot wait for an evaluation.

use std::{fs, io};

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Names of a network as it was evaluated last. They are kept in a cache: to lose them loses nothing.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Remembered {
    /// Where the network is.
    source: String,
    /// Its machines.
    pub machines: Vec<String>,
}

impl Remembered {
    /// The names of the network that is there.
    pub fn new(source: String, machines: Vec<String>) -> Self {
        Self { source, machines }
    }

    /// What is remembered of a network; nothing, if it was never evaluated here.
    pub fn read(directory: &Utf8Path, source: &str) -> Self {
        let text = fs::read_to_string(file(directory, source)).unwrap_or_default();
        let read: Self = serde_json::from_str(&text).unwrap_or_default();
        if read.source == source {
            read
        } else {
            Self::default()
        }
    }

    /// Keeps the names, unless they are known already.
    pub fn write(&self, directory: &Utf8Path) -> io::Result<()> {
        if Self::read(directory, &self.source) == *self {
            return Ok(());
        }
        cache(&file(directory, &self.source), self)
    }
}

/// Writes a value into a file of a cache, as JSON, and makes the directory. Whoever reads meanwhile reads all of it.
pub fn cache(path: &Utf8Path, value: &impl Serialize) -> io::Result<()> {
    let directory = path.parent().unwrap_or(path);
    fs::create_dir_all(directory)?;
    let new = tempfile::NamedTempFile::new_in(directory)?;
    serde_json::to_writer(&new, value)?;
    new.persist(path)?;
    Ok(())
}

fn file(directory: &Utf8Path, source: &str) -> Utf8PathBuf {
    let digest = Sha256::digest(source);
    let hex = digest.iter().take(16).map(|byte| format!("{byte:02x}"));
    let name = hex.collect::<String>();
    directory.join("names").join(name + ".json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_remembered_by_where_the_network_is() {
        let directory = tempfile::tempdir().unwrap();
        let directory = Utf8Path::from_path(directory.path()).unwrap();
        let shop = Remembered::new("/net#shop".to_owned(), vec!["web".to_owned()]);
        assert_eq!(
            Remembered::read(directory, "/net#shop"),
            Remembered::default()
        );
        shop.write(directory).unwrap();
        shop.write(directory).unwrap();
        assert_eq!(Remembered::read(directory, "/net#shop"), shop);
        assert_eq!(
            Remembered::read(directory, "/net#default").machines,
            [""; 0]
        );
        fs::write(file(directory, "/net#shop"), "half a te").unwrap();
        assert_eq!(
            Remembered::read(directory, "/net#shop"),
            Remembered::default()
        );
    }
}
