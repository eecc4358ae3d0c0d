//! What an evaluator keeps of a flake that is edited.
//!
//! Beside what the cache has of one tree, it has machines of *a flake at its place*, with what each has looked at
//! of the tree: files, directories, links, and what was not there. Such a machine is the same in any tree in which
//! all of this is. `recorder.rs` finds out what a machine looks at, and `cache/identity.rs` whether it knows which
//! tree it is of by something else.

use std::sync::OnceLock;

use camino::Utf8Path;

use super::{
    Evaluator, Given, Known,
    cache::{Entry, Shelf, Tree, Values, place},
    recorder::Recorder,
    strace::{Access, Look, Record},
};

/// Subject of what says that machines of a place were evaluated.
const FAMILIAR: &str = "familiar";

/// Subject of what processes of a place needed.
const SIZE: &str = "size";

/// A machine that is kept, and what it is kept as.
pub type Kept = (String, Entry);

/// What the cache has of a flake at its place, whatever its tree is by now.
#[derive(Debug)]
pub struct Place {
    pub(super) shelf: Shelf,
    /// What each evaluation looks at.
    entrance: Access,
    /// Whether an earlier run has evaluated machines of it.
    is_familiar: bool,
    /// What the largest processes needed for a machine in earlier runs, in MiB.
    pub(super) size: Option<u64>,
    recorder: OnceLock<Option<Recorder>>,
}

impl Place {
    /// The place of the flake that is evaluated.
    pub fn of(evaluator: &Evaluator) -> Option<Self> {
        let cache = evaluator.options.cache.clone()?;
        let library = evaluator.library.anywhere();
        let request = &evaluator.request;
        let program = request.anywhere()?.program(&library, Given::default());
        let (nix, processes) = (evaluator.nix.clone(), evaluator.processes.clone());
        let key = place(program.as_str(), &request.source, &nix, cache.settings()?)?;
        let flake = request.source.flake()?;
        let tree = Tree::at(flake.tree.path.clone(), flake.shape());
        // Where an input or an argument is this very tree, Nix knows that it is, and what it has copied of it.
        let mut signs = vec![tree.hash(), &flake.tree.nar_hash];
        signs.extend(flake.tree.rev.as_deref());
        if signs.iter().any(|sign| program.as_str().contains(*sign)) {
            return None;
        }
        let entrance = Access {
            path: Utf8Path::new(&flake.directory).join("flake.nix"),
            look: Look::Content,
            found: true,
        };
        let shelf = Shelf::of(cache, nix, processes, key, Some(tree));
        let marks = [FAMILIAR, SIZE].map(str::to_owned);
        let marks = shelf.recall(marks, &Values::of(&Known::default()));
        let size = marks.get(SIZE).and_then(|entry| entry.texts.first());
        Some(Self {
            is_familiar: marks.contains_key(FAMILIAR),
            size: size.and_then(|size| size.parse().ok()),
            shelf,
            entrance,
            recorder: OnceLock::new(),
        })
    }

    /// Whether machines are recorded: where a flake is edited, so that its first evaluation is no slower.
    pub fn is_recorded(&self) -> bool {
        self.is_familiar
    }

    /// What records machines, if that is possible here.
    pub fn recorder(&self, evaluator: &Evaluator) -> Option<&Recorder> {
        let tree = self.shelf.tree().filter(|_| self.is_familiar)?;
        let recorder = self
            .recorder
            .get_or_init(|| Recorder::new(&evaluator.nix, &evaluator.processes, &tree.path));
        recorder.as_ref()
    }

    /// Keeps a machine for all trees in which it would see the same.
    pub fn keep(&self, (subject, entry): Kept, values: &Values<'_>, record: Record) {
        let Some(tree) = self.shelf.tree() else {
            return;
        };
        // What was not seen to begin there has looked elsewhere.
        let parts = tree.parts(&record.tree);
        let parts = parts.filter(|_| record.tree.contains(&self.entrance));
        let Some(parts) = parts else { return };
        let entry = Entry {
            parts,
            tree: Some(tree.path.clone()),
            others: record.others,
            sees_shape: record.sees_shape,
            ..entry
        };
        self.shelf.keep(subject, values, entry);
    }

    /// Takes note of what the largest process of a run needed, in MiB. Where it was more before, that is forgotten by
    /// halves: the run may have been one of few machines.
    pub fn learn_size(&self, size: u64) {
        let size = self
            .size
            .map_or(size, |before| size.max(before.midpoint(size)));
        if self.size != Some(size) {
            self.mark(SIZE, vec![size.to_string()]);
        }
    }

    fn mark(&self, subject: &str, texts: Vec<String>) {
        let entry = Entry {
            texts,
            ..Entry::default()
        };
        let known = Known::default();
        self.shelf
            .keep(subject.to_owned(), &Values::of(&known), entry);
    }

    /// Writes what was kept, and that there is something.
    pub fn write(&self) {
        if !self.is_familiar {
            self.mark(FAMILIAR, Vec::new());
        }
        self.shelf.write();
    }
}
