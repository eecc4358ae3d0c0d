//! The file of the truth: a line for each change, of all that it is about, so that a change costs the same in a cloud of thousands.
//!
//! Who holds the lock of the cloud appends; everybody reads on from where they were. A line without an end was cut
//! off with its writer, and the next one takes it away. When most lines are of the past, a new file comes in its place.

use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::fs::MetadataExt,
    path::PathBuf,
};

use super::{
    Truth,
    error::{CloudError, file},
    truth::Entry,
};

/// Lines that are of the past, beside as many as there are things, before they are thrown away.
const PAST: usize = 1000;

/// The file, and what was read of it.
#[derive(Default)]
pub struct Journal {
    path: PathBuf,
    /// The file. As long as it is open, no other that comes in its place has its number.
    file: Option<File>,
    /// How many bytes have been read, all of whole lines.
    read: u64,
    lines: usize,
    truth: Truth,
}

impl Journal {
    /// A file of which nothing was read.
    pub fn new(path: PathBuf) -> Self {
        Self {
            path,
            ..Self::default()
        }
    }

    /// What there was when it was last read.
    pub fn truth(&mut self) -> &mut Truth {
        &mut self.truth
    }

    /// Forgets changes that were not written.
    pub fn forget(&mut self) {
        *self = Self::new(std::mem::take(&mut self.path));
    }

    /// Reads what others have written.
    pub fn read(&mut self) -> Result<(), CloudError> {
        let mut opened = match File::open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.forget();
                return Ok(());
            }
            opened => opened.map_err(file("read", &self.path))?,
        };
        let data = opened.metadata().map_err(file("read", &self.path))?;
        if Some(data.ino()) != self.number() || data.len() < self.read {
            self.forget();
        }
        let mut text = Vec::new();
        if data.len() > self.read {
            opened
                .seek(SeekFrom::Start(self.read))
                .and_then(|_| opened.read_to_end(&mut text))
                .map_err(file("read", &self.path))?;
        }
        self.file = Some(opened);
        self.take(&text)
    }

    fn take(&mut self, text: &[u8]) -> Result<(), CloudError> {
        for line in text.split_inclusive(|byte| *byte == b'\n') {
            if !line.ends_with(b"\n") {
                break;
            }
            let entries: Vec<Entry> =
                serde_json::from_slice(line).map_err(|error| self.damaged(error))?;
            for entry in entries {
                self.truth.apply(entry);
            }
            self.read += line.len() as u64;
            self.lines += 1;
        }
        Ok(())
    }

    fn number(&self) -> Option<u64> {
        Some(self.file.as_ref()?.metadata().ok()?.ino())
    }

    /// Writes what was changed. Only for who holds the lock, and has read.
    pub fn write(&mut self) -> Result<(), CloudError> {
        let changes = self.truth.take_changes();
        if changes.is_empty() {
            return Ok(());
        }
        if self.lines > 2 * self.truth.len() + PAST {
            return self.replace();
        }
        let text = self.line(&changes)?;
        let appended = self.append(&text).map_err(file("write", &self.path))?;
        self.file = Some(appended);
        self.read += text.len() as u64;
        self.lines += 1;
        Ok(())
    }

    fn append(&self, text: &[u8]) -> io::Result<File> {
        let mut options = File::options();
        let mut opened = options.append(true).create(true).open(&self.path)?;
        if opened.metadata()?.len() != self.read {
            opened.set_len(self.read)?;
        }
        opened.write_all(text)?;
        Ok(opened)
    }

    fn replace(&mut self) -> Result<(), CloudError> {
        let mut text = Vec::new();
        for entry in self.truth.entries() {
            text.extend(self.line(&[entry])?);
        }
        let new = self.path.with_extension("new");
        fs::write(&new, &text).map_err(file("write", &new))?;
        self.file = Some(File::open(&new).map_err(file("read", &new))?);
        fs::rename(&new, &self.path).map_err(file("write", &self.path))?;
        self.read = text.len() as u64;
        self.lines = self.truth.len();
        Ok(())
    }

    fn line(&self, entries: &[Entry]) -> Result<Vec<u8>, CloudError> {
        let mut line = serde_json::to_vec(entries).map_err(|error| self.damaged(error))?;
        line.push(b'\n');
        Ok(line)
    }

    fn damaged(&self, source: serde_json::Error) -> CloudError {
        CloudError::Damaged {
            path: self.path.clone(),
            source,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::SshKey;

    fn key(name: &str) -> Entry {
        let key = SshKey {
            name: name.to_owned(),
            token: String::new(),
            public_key: String::new(),
        };
        Entry::SshKey(name.to_owned(), Some(key))
    }

    fn set(journal: &mut Journal, entry: Entry) {
        journal.read().unwrap();
        journal.truth().set(entry);
        journal.write().unwrap();
    }

    fn names(journal: &mut Journal) -> Vec<String> {
        journal.read().unwrap();
        journal.truth().ssh_keys().keys().cloned().collect()
    }

    #[test]
    fn what_one_writes_the_other_reads() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("truth.jsonl");
        let (mut one, mut other) = (Journal::new(path.clone()), Journal::new(path.clone()));
        set(&mut one, key("a"));
        set(&mut other, key("b"));
        set(&mut one, Entry::SshKey("a".to_owned(), None));
        assert_eq!(names(&mut one), ["b"]);
        assert_eq!(names(&mut other), ["b"]);
        fs::remove_file(path).unwrap();
        assert_eq!(names(&mut one), Vec::<String>::new());
    }

    #[test]
    fn a_line_that_was_cut_off_counts_for_nothing_and_goes() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("truth.jsonl");
        let mut journal = Journal::new(path.clone());
        set(&mut journal, key("a"));
        let whole = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{whole}[{{\"sshKey\":[\"b\",{{")).unwrap();
        assert_eq!(names(&mut Journal::new(path.clone())), ["a"]);
        set(&mut journal, key("c"));
        assert_eq!(names(&mut Journal::new(path)), ["a", "c"]);
    }

    #[test]
    fn lines_of_the_past_are_thrown_away_and_others_do_not_miss_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("truth.jsonl");
        let (mut one, mut other) = (Journal::new(path.clone()), Journal::new(path.clone()));
        set(&mut other, key("first"));
        for _ in 0..2 * PAST {
            set(&mut one, key("a"));
        }
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines < PAST + 10, "{lines}");
        assert_eq!(names(&mut other), ["a", "first"]);
    }
}
