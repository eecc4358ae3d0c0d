//! What an evaluator keeps in the cache, and finds there.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{LazyLock, OnceLock},
};

use crate::{network::KeyOptions, schema::Registry, state::Key};

use super::{
    Evaluator, Given, Known, Reads,
    cache::{Entry, Shelf, Trace, Values, is_machine_discreet, is_resource_discreet, key},
    fleet::Depth,
    place::{Kept, Place},
    reads::Logs,
    recorder::Recorder,
    strace::Record,
    subject::Subject,
    text::{MachineText, ResourceText},
};

/// Reads the schemas of all types; nothing if that is not possible.
type Read = Box<dyn FnOnce() -> Option<Registry> + Send>;

/// What an evaluator has of the cache.
#[derive(Default)]
pub struct Memory {
    shelf: OnceLock<Option<Shelf>>,
    place: OnceLock<Option<Place>>,
    /// They are read when something is to be kept for the first time.
    schemas: OnceLock<LazyLock<Option<Registry>, Read>>,
}

/// Subject of the overview.
const OVERVIEW: &str = "overview";

impl Evaluator {
    /// Says which values are for nobody to see: without schemas, no resource and no machine of which a plugin
    /// says something is kept in the cache.
    pub fn learn_schemas(&self, read: impl FnOnce() -> Option<Registry> + Send + 'static) {
        let read: Read = Box::new(read);
        drop(self.memory.schemas.set(LazyLock::new(read)));
    }

    /// What the cache has of this evaluation. There is none of one that may see more than its source.
    fn shelf(&self) -> Option<&Shelf> {
        let found = self.memory.shelf.get_or_init(|| {
            let cache = self.options.cache.clone()?;
            if !self.request.is_pure() {
                return None;
            }
            let library = self.library.anywhere();
            let program = self.request.program(&library, Given::default());
            let key = key(program.as_str(), &self.nix, cache.settings()?);
            let (nix, processes) = (self.nix.clone(), self.processes.clone());
            Some(Shelf::of(cache, nix, processes, key, None))
        });
        found.as_ref()
    }

    /// What the cache has of the same flake before it was edited.
    fn place(&self) -> Option<&Place> {
        let place = || self.shelf().and_then(|_| Place::of(self));
        self.memory.place.get_or_init(place).as_ref()
    }

    /// What records the processes of machines, if that is worth it.
    pub(super) fn recorder(&self) -> Option<&Recorder> {
        self.place()?.recorder(self)
    }

    /// What a process needed for a machine of this flake in earlier runs, in MiB.
    pub(super) fn remembered_size(&self) -> Option<u64> {
        self.place()?.size
    }

    /// Takes note of what the largest process of this run needed.
    pub(super) fn learn_size(&self, size: Option<u64>) {
        if let (Some(size), Some(place)) = (size, self.place()) {
            place.learn_size(size);
        }
    }

    /// The texts of the overview, and what Nix said meanwhile.
    pub(super) fn recall_overview(&self) -> Option<(Vec<String>, Vec<String>)> {
        let known = Known::default();
        let subjects = [OVERVIEW.to_owned()];
        let mut found = self.shelf()?.recall(subjects, &Values::of(&known));
        let entry = found.remove(OVERVIEW)?;
        Some((entry.texts, entry.remarks))
    }

    pub(super) fn keep_overview(&self, texts: &[String], remarks: &[String]) {
        let Some(memory) = self.shelf() else { return };
        let entry = Entry {
            texts: texts.to_vec(),
            remarks: remarks.to_vec(),
            ..Entry::default()
        };
        let known = Known::default();
        memory.keep(OVERVIEW.to_owned(), &Values::of(&known), entry);
    }

    /// The part of the cache that an evaluation with these outputs can use.
    pub(super) fn remembering<'a>(&'a self, known: &'a Known) -> Option<Remembering<'a>> {
        Some(Remembering {
            shelf: self.shelf()?,
            evaluator: self,
            schemas: &self.memory.schemas,
            values: Values::of(known),
        })
    }
}

/// The cache, as one evaluation of machines or resources sees it.
pub struct Remembering<'a> {
    shelf: &'a Shelf,
    evaluator: &'a Evaluator,
    schemas: &'a OnceLock<LazyLock<Option<Registry>, Read>>,
    values: Values<'a>,
}

/// What is remembered of a subject.
#[derive(Debug)]
pub struct Remembered {
    /// The JSON text that its attribute gave.
    pub text: String,
    /// What Nix said meanwhile.
    pub remarks: Vec<String>,
    /// What it reads.
    pub reads: Reads,
}

impl From<Entry> for Remembered {
    fn from(mut entry: Entry) -> Self {
        Self {
            reads: entry.reads(),
            text: entry.texts.pop().unwrap_or_default(),
            remarks: entry.remarks,
        }
    }
}

impl Remembering<'_> {
    /// What is remembered of machines, by name.
    pub fn machines(&self, depth: Depth, names: &[String]) -> BTreeMap<String, Remembered> {
        let wanted = names
            .iter()
            .map(|name| (subject_of_machine(depth, name), name.clone()));
        let wanted: BTreeMap<_, _> = wanted.collect();
        let mut found = self.recall(self.shelf, wanted.clone());
        let lacking = wanted.into_iter();
        let lacking: BTreeMap<_, _> = lacking
            .filter(|(_, name)| !found.contains_key(name))
            .collect();
        if !lacking.is_empty()
            && let Some(place) = self.evaluator.place()
        {
            found.extend(self.recall(&place.shelf, lacking));
        }
        found
    }

    /// What is remembered of resources.
    pub fn resources(&self, keys: &[Key]) -> BTreeMap<Key, Remembered> {
        let wanted = keys
            .iter()
            .map(|key| (subject_of_resource(key), key.clone()));
        self.recall(self.shelf, wanted.collect())
    }

    fn recall<T: Ord>(
        &self,
        entries: &Shelf,
        mut wanted: BTreeMap<String, T>,
    ) -> BTreeMap<T, Remembered> {
        let found = entries.recall(wanted.keys().cloned(), &self.values);
        let found = found.into_iter().filter_map(|(subject, entry)| {
            Some((wanted.remove(&subject)?, Remembered::from(entry)))
        });
        found.collect()
    }

    /// Keeps a machine that is as it may be, and in whose system there is no secret.
    pub fn keep_machine(
        &self,
        depth: Depth,
        (machine, text): (&MachineText, String),
        remarks: Vec<String>,
        logs: Logs<'_>,
    ) -> Option<Kept> {
        let options = &machine.options;
        // No text is kept, so that there is nothing to keep where texts are all that is wanted.
        if depth == Depth::Keys && options.keys.values().any(KeyOptions::has_text) {
            return None;
        }
        let subject = subject_of_machine(depth, &machine.machine);
        let is_discreet = |schemas: &Registry| is_machine_discreet(schemas, options);
        if !options.exported.is_empty() && !self.schemas().is_some_and(is_discreet) {
            return None;
        }
        let system = machine.system.as_ref();
        let mut entry = entry(&Subject::Machine(machine.machine.clone()), text, logs);
        entry.remarks = remarks;
        entry
            .needs
            .extend(system.map(|system| system.drv.as_str().into()));
        entry.builds = system.map(|system| system.out.as_str().into());
        self.shelf
            .keep(subject.clone(), &self.values, entry.clone());
        let is_recorded = self.evaluator.place().is_some_and(Place::is_recorded);
        is_recorded.then_some((subject, entry))
    }

    /// Keeps a machine for other trees too.
    pub fn keep_recorded(&self, kept: Kept, record: Record) {
        if let Some(place) = self.evaluator.place() {
            place.keep(kept, &self.values, record);
        }
    }

    /// Keeps a resource.
    pub fn keep_resource(&self, resource: &ResourceText, text: String, logs: Logs<'_>) {
        let is_discreet = |schemas: &Registry| is_resource_discreet(schemas, resource);
        if !self.schemas().is_some_and(is_discreet) {
            return;
        }
        let entry = entry(&Subject::Resource(resource.resource.clone()), text, logs);
        let subject = subject_of_resource(&resource.resource);
        self.shelf.keep(subject, &self.values, entry);
    }

    /// Writes what was kept.
    pub fn write(&self) {
        self.shelf.write();
        // Where everything was known, nobody has looked there.
        let place = self.evaluator.memory.place.get();
        place.into_iter().flatten().for_each(Place::write);
    }

    fn schemas(&self) -> Option<&Registry> {
        LazyLock::force(self.schemas.get()?).as_ref()
    }
}

fn entry(subject: &Subject, text: String, logs: Logs<'_>) -> Entry {
    Entry {
        texts: vec![text],
        trace: Trace::of(logs, subject),
        resources: logs.of(subject).resources,
        ..Entry::default()
    }
}

/// What a machine is kept as. A machine of which the keys are wanted is not one of which only the options are: what
/// is not known yet has no token in it.
fn subject_of_machine(depth: Depth, name: &str) -> String {
    match depth {
        Depth::Options => format!("options {name}"),
        Depth::Keys => format!("keys {name}"),
        Depth::Systems | Depth::SystemsAndKeys => format!("system {name}"),
    }
}

fn subject_of_resource(key: &Key) -> String {
    let Key { kind, name } = key;
    format!("resource {kind} {name}")
}

impl fmt::Debug for Memory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Memory").field(&self.shelf).finish()
    }
}

impl fmt::Debug for Remembering<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("Remembering")
            .field(self.shelf)
            .finish()
    }
}
