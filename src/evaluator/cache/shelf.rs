//! What the cache has for one evaluation.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    mem,
    sync::{Arc, Mutex},
};

use camino::{Utf8Path, Utf8PathBuf};

use crate::{nix::Nix, process::Processes};

use super::super::fleet::lock;
use super::{
    Cache, Entry, New, Tree, Values,
    identity::Detective,
    trace::{Digest, Sum},
};

/// The entries of one evaluation, and what is to be kept of it.
#[derive(Debug)]
pub struct Shelf {
    cache: Arc<Cache>,
    nix: Nix,
    processes: Processes,
    key: Digest,
    /// The tree of which parts count; none if all of it is in the key.
    tree: Option<Tree>,
    /// Files of the store in which nothing is of this tree alone.
    clean: Mutex<HashSet<Utf8PathBuf>>,
    /// By subject, last used first.
    entries: BTreeMap<String, Vec<Shelved>>,
    /// Which store paths are valid, as far as that was asked.
    valid: Mutex<BTreeMap<Utf8PathBuf, bool>>,
    changes: Mutex<Changes>,
}

#[derive(Debug)]
struct Shelved {
    id: i64,
    is_recent: bool,
    trace: Digest,
    entry: Entry,
}

/// What is to be written.
#[derive(Debug, Default)]
struct Changes {
    new: Vec<(String, Digest, Entry)>,
    used: BTreeSet<i64>,
}

/// What is remembered of some subjects, by subject.
type Recalled = BTreeMap<String, Entry>;

impl Shelf {
    /// Reads what is there of an evaluation.
    pub fn of(
        cache: Arc<Cache>,
        nix: Nix,
        processes: Processes,
        key: Digest,
        tree: Option<Tree>,
    ) -> Self {
        let mut entries: BTreeMap<String, Vec<Shelved>> = BTreeMap::new();
        for kept in cache.load(&key) {
            // An entry of an unknown form is none.
            let Ok(entry) = serde_json::from_slice(&kept.content) else {
                continue;
            };
            entries.entry(kept.subject).or_default().push(Shelved {
                id: kept.id,
                is_recent: kept.is_recent,
                trace: kept.trace,
                entry,
            });
        }
        Self {
            cache,
            nix,
            processes,
            key,
            tree,
            clean: Mutex::default(),
            entries,
            valid: Mutex::default(),
            changes: Mutex::default(),
        }
    }

    /// What is known of subjects, with these values of outputs, and is there still.
    pub fn recall(
        &self,
        subjects: impl IntoIterator<Item = String>,
        values: &Values<'_>,
    ) -> Recalled {
        let matching = |subject: &String| {
            let shelved = self.entries.get(subject)?;
            let mut shelved = shelved.iter();
            shelved.find(|shelved| self.digest(&shelved.entry, values) == shelved.trace)
        };
        let found = subjects.into_iter();
        let found: Vec<_> = found
            .filter_map(|subject| Some((matching(&subject)?, subject)))
            .collect();
        self.ask(found.iter().map(|(shelved, _)| &shelved.entry));
        let mut recalled = Recalled::new();
        let mut changes = lock(&self.changes);
        let valid = lock(&self.valid);
        for (shelved, subject) in found {
            let mut needs = shelved.entry.needs.iter();
            if needs.all(|path| valid.get(path) == Some(&true)) {
                if !shelved.is_recent {
                    changes.used.insert(shelved.id);
                }
                let entry = shelved.entry.clone();
                let entry = match &self.tree {
                    Some(tree) => entry.moved(tree),
                    None => entry,
                };
                recalled.insert(subject, entry);
            }
        }
        recalled
    }

    /// Asks the store for the paths that entries need; the first time for all that is likely to be asked for
    /// later, since each question is a process.
    fn ask<'a>(&'a self, entries: impl Iterator<Item = &'a Entry>) {
        let needed: BTreeSet<&Utf8Path> = entries.flat_map(needs).collect();
        let mut valid = lock(&self.valid);
        let is_new = |path: &&Utf8Path| !valid.contains_key(*path);
        let mut unasked: BTreeSet<&Utf8Path> = needed.into_iter().filter(is_new).collect();
        if unasked.is_empty() {
            return;
        }
        if valid.is_empty() {
            let likely = self.entries.values().filter_map(|all| all.first());
            unasked.extend(likely.flat_map(|shelved| needs(&shelved.entry)));
        }
        let asked = self
            .nix
            .invalid_paths(&self.processes, unasked.iter().copied());
        // Where the store does not answer, evaluation will say why.
        let Ok(invalid) = asked else { return };
        let answers = unasked.into_iter();
        valid.extend(answers.map(|path| (path.to_owned(), !invalid.contains(path))));
    }

    /// Keeps a result, once it is written.
    pub fn keep(&self, subject: String, values: &Values<'_>, entry: Entry) {
        let trace = self.digest(&entry, values);
        lock(&self.changes).new.push((subject, trace, entry));
    }

    /// A digest of what an entry depends on, as it is now.
    fn digest(&self, entry: &Entry, values: &Values<'_>) -> Digest {
        let outputs = entry.trace.digest(values);
        match &self.tree {
            None => outputs,
            Some(tree) => {
                let mut sum = Sum::default();
                sum.digest(outputs).digest(tree.digest(&entry.parts));
                if entry.sees_shape {
                    sum.add(&tree.shape);
                }
                sum.end()
            }
        }
    }

    /// The tree of which parts count.
    pub fn tree(&self) -> Option<&Tree> {
        self.tree.as_ref()
    }

    /// Writes what was found out so far.
    pub fn write(&self) {
        let Changes { new, used } = mem::take(&mut *lock(&self.changes));
        let used: Vec<i64> = used.into_iter().collect();
        let new = self.with_needs(self.indifferent(new));
        self.cache.keep(&self.key, &new, &used);
    }

    /// Leaves out what is of one tree alone.
    fn indifferent(&self, new: Vec<(String, Digest, Entry)>) -> Vec<(String, Digest, Entry)> {
        let Some(tree) = self.tree.as_ref().filter(|_| !new.is_empty()) else {
            return new;
        };
        let detective = Detective::new(&self.nix, &self.processes, tree, &self.clean);
        detective.indifferent(new, |(_, _, entry)| entry)
    }

    /// Finds out which of the store paths that results name are there: those have to be there again.
    fn with_needs(&self, new: Vec<(String, Digest, Entry)>) -> Vec<New> {
        let named: BTreeSet<Utf8PathBuf> = new
            .iter()
            .flat_map(|(_, _, entry)| entry.named_paths())
            .collect();
        let named = named.iter().map(Utf8PathBuf::as_path);
        let Ok(invalid) = self.nix.invalid_paths(&self.processes, named) else {
            return Vec::new();
        };
        let settled = new.into_iter().filter_map(|(subject, trace, mut entry)| {
            // What it needs in any case was there a moment ago.
            if entry.needs.iter().any(|path| invalid.contains(path)) {
                return None;
            }
            let named = entry.named_paths().into_iter();
            let is_needed =
                |path: &Utf8PathBuf| !invalid.contains(path) && entry.builds.as_ref() != Some(path);
            let valid: Vec<_> = named.filter(is_needed).collect();
            entry.needs.extend(valid);
            let content = serde_json::to_vec(&entry).ok()?;
            Some(New {
                subject,
                trace,
                content,
            })
        });
        settled.collect()
    }
}

impl Drop for Shelf {
    fn drop(&mut self) {
        self.write();
    }
}

fn needs(entry: &Entry) -> impl Iterator<Item = &Utf8Path> {
    entry.needs.iter().map(Utf8PathBuf::as_path)
}
