//! What a machine lacks of its keys, and has too many.

use std::collections::BTreeSet;

use camino::Utf8PathBuf;

use super::{
    Error, Found, KEPT, KeyFile, Moment, Parcel, Result, file::option_of, parcel::Contents,
};

/// What a machine lacks of its keys, and has too many.
#[derive(Debug)]
pub struct Difference {
    /// Keys of which there is nothing yet.
    new: Vec<KeyFile>,
    /// Keys that are to be others than they are.
    changed: Vec<KeyFile>,
    /// Paths of keys that were sent and are wanted no more.
    obsolete: BTreeSet<Utf8PathBuf>,
    wanted: BTreeSet<Utf8PathBuf>,
    sent: BTreeSet<Utf8PathBuf>,
    /// Whether somebody waits to be told that all keys are there.
    to_tell: bool,
}

impl Difference {
    /// Compares what is wanted with what was found; `force` takes every key for a changed one.
    pub fn of(machine: &str, wanted: Vec<KeyFile>, found: &Found, force: bool) -> Result<Self> {
        let paths: BTreeSet<_> = wanted.iter().map(|file| file.path.clone()).collect();
        let waits = |path: &Utf8PathBuf| path.starts_with("/run");
        let (mut new, mut changed) = (Vec::new(), Vec::new());
        let to_tell = !found.done && paths.iter().any(waits);
        for file in wanted {
            match found.files.get(&file.path) {
                None => new.push(file),
                Some(there) if there.is_directory => {
                    return Err(Error::Value {
                        machine: machine.to_owned(),
                        option: option_of(&file.key, "path"),
                        value: format!("`{}`", file.path),
                        reason: "there is a directory",
                    });
                }
                Some(there) if force || !there.is(&file) => changed.push(file),
                Some(_) => {}
            }
        }
        Ok(Self {
            new,
            changed,
            obsolete: found.sent.difference(&paths).cloned().collect(),
            wanted: paths,
            sent: found.sent.clone(),
            to_tell,
        })
    }

    /// Whether the machine has all that it is to have, and no more.
    pub fn is_nothing(&self) -> bool {
        self.is_put() && self.is_settled()
    }

    /// Names of the keys of which there is nothing yet.
    pub fn new_keys(&self) -> BTreeSet<&str> {
        let changed = self.changed_keys();
        let mut names = names(&self.new);
        names.retain(|name| !changed.contains(name));
        names
    }

    /// Names of the keys that are to be others than they are.
    pub fn changed_keys(&self) -> BTreeSet<&str> {
        names(&self.changed)
    }

    /// Paths of keys that are removed.
    pub fn removed(&self) -> impl Iterator<Item = &Utf8PathBuf> {
        self.obsolete.iter().filter(|path| !path.starts_with(KEPT))
    }

    /// What is sent before an activation, if there is anything.
    pub fn put(&self) -> Option<Parcel> {
        let contents = || Contents {
            new: self.new.iter().collect(),
            staged: self.changed.iter().collect(),
            lists: vec![self.sent_list()],
        };
        (!self.is_put()).then(|| contents().pack(Moment::Put, self.directories(true)))
    }

    /// What is sent after it, once [`Difference::put`] was.
    pub fn settle(&self) -> Option<Parcel> {
        let contents = || Contents {
            lists: vec![self.obsolete_list(), self.wanted_list()],
            ..Contents::default()
        };
        (!self.is_settled()).then(|| contents().pack(Moment::Settle, self.directories(false)))
    }

    /// Both at once.
    pub fn both(&self) -> Option<Parcel> {
        let contents = || Contents {
            new: self.new.iter().chain(&self.changed).collect(),
            staged: Vec::new(),
            lists: vec![self.sent_list(), self.obsolete_list(), self.wanted_list()],
        };
        (!self.is_nothing()).then(|| contents().pack(Moment::Both, self.directories(true)))
    }

    /// What is to be said after an activation of which nothing is left.
    pub fn drop_staged(&self) -> Option<Parcel> {
        let pack = || Contents::default().pack(Moment::Drop, self.directories(false));
        (!self.changed.is_empty()).then(pack)
    }

    fn is_put(&self) -> bool {
        let is_listed = self.wanted.is_subset(&self.sent);
        self.new.is_empty() && self.changed.is_empty() && is_listed && !self.to_tell
    }

    fn is_settled(&self) -> bool {
        self.changed.is_empty() && self.obsolete.is_empty()
    }

    /// Where changed keys stand, and new ones too if they are meant.
    fn directories(&self, with_new: bool) -> Vec<Utf8PathBuf> {
        let new = self.new.iter().filter(|_| with_new);
        let directories: BTreeSet<_> = new
            .chain(&self.changed)
            .map(|file| file.directory().to_owned())
            .collect();
        directories.into_iter().collect()
    }

    /// Everything that may be there from now on, so that nothing is forgotten of a run that breaks off.
    fn sent_list(&self) -> (&'static str, Vec<u8>) {
        ("manifest.put", list(self.sent.union(&self.wanted), b'\n'))
    }

    fn wanted_list(&self) -> (&'static str, Vec<u8>) {
        ("manifest.settle", list(self.wanted.iter(), b'\n'))
    }

    fn obsolete_list(&self) -> (&'static str, Vec<u8>) {
        ("obsolete", list(self.obsolete.iter(), 0))
    }
}

fn names(files: &[KeyFile]) -> BTreeSet<&str> {
    files.iter().map(|file| file.key.as_str()).collect()
}

fn list<'a>(paths: impl Iterator<Item = &'a Utf8PathBuf>, end: u8) -> Vec<u8> {
    let lines = paths.flat_map(|path| path.as_str().bytes().chain([end]));
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{Content, FoundFile};

    fn compare(wanted: Vec<KeyFile>, found: &Found, force: bool) -> Difference {
        Difference::of("web", wanted, found, force).unwrap()
    }

    fn wanted(name: &str, text: &str) -> KeyFile {
        KeyFile {
            key: name.to_owned(),
            path: format!("/run/keys/{name}").into(),
            user: "root".to_owned(),
            group: "root".to_owned(),
            mode: 0o600,
            content: Content::from(text.as_bytes().to_vec()),
        }
    }

    fn there(file: &KeyFile) -> FoundFile {
        let root = || ["0".to_owned(), "root".to_owned()];
        FoundFile {
            mode: file.mode,
            user: root(),
            group: root(),
            digest: Some(file.content.digest().to_owned()),
            is_directory: false,
        }
    }

    fn found(files: &[KeyFile]) -> Found {
        let files = files.iter();
        Found {
            files: files
                .clone()
                .map(|file| (file.path.clone(), there(file)))
                .collect(),
            sent: files.map(|file| file.path.clone()).collect(),
            done: true,
        }
    }

    #[test]
    fn keys_are_new_changed_obsolete_or_as_they_are() {
        let before = [
            wanted("same", "x"),
            wanted("other", "x"),
            wanted("gone", "x"),
        ];
        let found = found(&before);
        let now = vec![
            wanted("same", "x"),
            wanted("other", "y"),
            wanted("new", "x"),
        ];
        let difference = compare(now, &found, false);
        assert_eq!(difference.new_keys(), BTreeSet::from(["new"]));
        assert_eq!(difference.changed_keys(), BTreeSet::from(["other"]));
        let removed: Vec<_> = difference.removed().collect();
        assert_eq!(removed, ["/run/keys/gone"]);
        let moments = [
            difference.put(),
            difference.settle(),
            difference.both(),
            difference.drop_staged(),
        ];
        let moments = moments.map(|parcel| parcel.unwrap().moment);
        let expected = [Moment::Put, Moment::Settle, Moment::Both, Moment::Drop];
        assert_eq!(moments, expected);
    }

    #[test]
    fn what_is_as_it_is_to_be_is_not_sent_unless_it_is_forced() {
        let files = || vec![wanted("same", "x")];
        let found = found(&files());
        let difference = compare(files(), &found, false);
        assert!(difference.is_nothing());
        assert!(
            difference
                .put()
                .or(difference.settle())
                .or(difference.both())
                .is_none()
        );
        assert!(compare(files(), &found, true).put().is_some());
    }

    #[test]
    fn owner_and_mode_are_part_of_a_key_and_so_is_the_word_that_all_are_there() {
        let mut file = wanted("same", "x");
        let found = found(&[file.clone()]);
        file.mode = 0o640;
        let changed = compare(vec![file], &found, false);
        assert_eq!(changed.changed_keys(), BTreeSet::from(["same"]));
        let untold = Found {
            done: false,
            ..found
        };
        let difference = compare(vec![wanted("same", "x")], &untold, false);
        assert!(difference.put().is_some() && difference.settle().is_none());
    }

    #[test]
    fn new_keys_alone_need_no_second_parcel() {
        let difference = compare(vec![wanted("a", "x")], &Found::default(), false);
        assert!(difference.put().is_some() && difference.settle().is_none());
        assert!(difference.drop_staged().is_none());
    }
}
