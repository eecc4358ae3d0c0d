//! What runs said, kept for later: a file of JSON lines for each, the last of them.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
};

use camino::{Utf8Path, Utf8PathBuf};

use super::{Error, clock, file_name};

/// How many runs of a deployment are kept.
const KEPT: usize = 20;

/// The runs of a deployment, in a directory that only the user can read.
#[derive(Clone, Debug)]
pub struct Runs {
    directory: Utf8PathBuf,
}

/// A run that is kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Run {
    /// Its name: when it began, and what it was, as `20260802T101112Z-deploy`.
    pub name: String,
    /// Where its events are.
    pub path: Utf8PathBuf,
}

impl Runs {
    /// The runs of a deployment below the user's directory for what outlives a run.
    pub fn of(state: &Utf8Path, uuid: &str) -> Self {
        Self {
            directory: state.join("runs").join(file_name(uuid)),
        }
    }

    /// Makes a file for a run that begins now, and removes the oldest beyond those that are kept.
    pub fn begin(&self, verb: &str) -> Result<File, Error> {
        let mut builder = DirBuilder::new();
        let made = builder.recursive(true).mode(0o700).create(&self.directory);
        made.map_err(|source| self.error("make", source))?;
        let name = format!("{}-{verb}", stamp());
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let opened = (0..).map(|number| {
            let more = if number == 0 {
                String::new()
            } else {
                format!(".{number}")
            };
            options.open(self.directory.join(format!("{name}{more}.jsonl")))
        });
        let is_taken = |opened: &io::Result<File>| {
            let error = opened.as_ref().err();
            error.is_some_and(|error| error.kind() == io::ErrorKind::AlreadyExists)
        };
        let mut opened = opened.skip_while(is_taken);
        let file = opened
            .next()
            .unwrap_or_else(|| Err(io::ErrorKind::AlreadyExists.into()));
        let file = file.map_err(|source| self.error("write into", source))?;
        let all = self.all()?;
        for run in &all[..all.len().saturating_sub(KEPT)] {
            // One that stays is tried again by the next run.
            let _ = fs::remove_file(&run.path);
        }
        Ok(file)
    }

    /// The runs that are kept, oldest first.
    pub fn all(&self) -> Result<Vec<Run>, Error> {
        let entries = match self.directory.read_dir_utf8() {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(self.error("read", source)),
        };
        let mut all = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|source| self.error("read", source))?;
            if let Some(name) = entry.file_name().strip_suffix(".jsonl") {
                all.push(Run {
                    name: name.to_owned(),
                    path: entry.path().to_owned(),
                });
            }
        }
        all.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(all)
    }

    /// The run of a name, or of the beginning of one; the last one if there is no name.
    pub fn find(&self, name: Option<&str>) -> Result<Option<Run>, Error> {
        let mut all = self.all()?;
        let Some(name) = name else {
            return Ok(all.pop());
        };
        match all.iter().rposition(|run| run.name.starts_with(name)) {
            Some(place) => Ok(Some(all.swap_remove(place))),
            None => Err(Error::NoRun {
                name: name.to_owned(),
            }),
        }
    }

    fn error(&self, action: &'static str, source: io::Error) -> Error {
        Error::Runs {
            action,
            directory: self.directory.clone(),
            source,
        }
    }
}

/// The time as a part of a name, in the order of which times are.
fn stamp() -> String {
    let time = clock::utc(clock::now());
    let digits = time.replace(['-', ':'], "").replacen(' ', "T", 1);
    digits.replace(" UTC", "Z")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn the_last_runs_are_kept_in_their_order_for_the_user_alone() {
        let home = tempfile::tempdir().unwrap();
        let home = Utf8PathBuf::try_from(home.path().to_owned()).unwrap();
        let runs = Runs::of(&home, "a/b");
        assert_eq!(runs.all().unwrap(), []);
        for _ in 0..KEPT + 3 {
            runs.begin("deploy").unwrap();
        }
        let all = runs.all().unwrap();
        assert_eq!(all.len(), KEPT);
        assert_eq!(runs.find(None).unwrap().as_ref(), all.last());
        assert_eq!(runs.find(Some("20")).unwrap().as_ref(), all.last());
        let unknown = runs.find(Some("1999")).unwrap_err();
        assert_eq!(unknown.to_string(), "no run `1999` is kept");
        assert!(all[0].name.contains("Z-deploy"), "{all:?}");
        for path in [&all[0].path, &runs.directory] {
            let mode = path.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{path}");
        }
    }
}
