//! The store of this machine, by daemons that live as long as the run.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use camino::{Utf8Path, Utf8PathBuf};
use nix_compat::nix_daemon::{Error as Refusal, PathInfo};

use super::{Error, Nix, Program, Result, daemon::Daemon};
use crate::process::Processes;

/// The paths of closures, with what the store here knows of them.
pub(super) type Closure = BTreeMap<Utf8PathBuf, Arc<PathInfo>>;

/// What is kept open, and known for sure; clones share it.
#[derive(Clone, Default)]
pub(super) struct Open(Arc<Shared>);

#[derive(Default)]
struct Shared {
    /// Tells what is valid and keeps roots. It is never asked about single paths, since it would remember the answers.
    keeper: Mutex<Option<Daemon>>,
    /// Those that give archives, each to one copy at a time.
    exporters: Mutex<Vec<Daemon>>,
    streams: Streams,
    /// Of valid paths, whatever becomes of them.
    known: Mutex<HashMap<Utf8PathBuf, Arc<PathInfo>>>,
}

/// Counts the streams to hosts that are under way, each of which holds a clone.
#[derive(Clone, Default)]
pub(super) struct Streams(Arc<()>);

impl Streams {
    /// How many there are, of which there is one.
    pub fn at_once(&self) -> u64 {
        (Arc::strong_count(&self.0) as u64).saturating_sub(1).max(1)
    }
}

impl fmt::Debug for Open {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Open")
    }
}

impl Nix {
    /// Asks the store here, by a daemon that has not ended.
    ///
    /// One that is found to have ended is replaced, so a question may be put twice.
    pub(super) fn ask<T>(
        &self,
        processes: &Processes,
        label: &str,
        mut question: impl FnMut(&mut Daemon) -> Result<T, Refusal>,
    ) -> Result<T> {
        let keeper = &self.open.0.keeper;
        let mut keeper = keeper.lock().unwrap_or_else(PoisonError::into_inner);
        let mut kept = keeper.take();
        loop {
            let is_new = kept.is_none();
            let mut daemon = match kept.take() {
                Some(daemon) => daemon,
                None => self.daemon(processes)?,
            };
            match question(&mut daemon) {
                Ok(answer) => {
                    *keeper = Some(daemon);
                    return Ok(answer);
                }
                Err(Refusal::Io(_)) if !is_new => {}
                Err(refusal) => return Err(daemon.refused(processes, label.to_owned(), &refusal)),
            }
        }
    }

    /// Does something with a daemon that gives archives, and gives it back.
    pub(super) fn export<T, E: From<Error>>(
        &self,
        processes: &Processes,
        work: impl FnOnce(Daemon) -> Result<(T, Daemon), E>,
    ) -> Result<T, E> {
        let exporters = &self.open.0.exporters;
        let lock = || exporters.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = lock().pop();
        let daemon = idle.map_or_else(|| self.daemon(processes), Ok)?;
        let (done, daemon) = work(daemon)?;
        lock().push(daemon);
        Ok(done)
    }

    /// The streams to hosts that are under way.
    pub(super) fn streams(&self) -> &Streams {
        &self.open.0.streams
    }

    /// The closures of valid paths, asked of a daemon that gives archives.
    pub(super) fn closure_of<'a>(
        &self,
        daemon: &mut Daemon,
        roots: impl IntoIterator<Item = &'a Utf8Path>,
    ) -> Result<Closure, Refusal> {
        let mut closure = Closure::new();
        let mut next: HashSet<Utf8PathBuf> = roots.into_iter().map(Utf8Path::to_owned).collect();
        while !next.is_empty() {
            let found = self.infos(daemon, next)?;
            let references = found.values().flat_map(|info| &info.references);
            next = references.map(Utf8PathBuf::from).collect();
            closure.extend(found);
            next.retain(|path| !closure.contains_key(path));
        }
        Ok(closure)
    }

    /// What is known of valid paths alone.
    pub(super) fn infos(
        &self,
        daemon: &mut Daemon,
        paths: impl IntoIterator<Item = Utf8PathBuf>,
    ) -> Result<Closure, Refusal> {
        let known = &self.open.0.known;
        let known = || known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut infos = Closure::new();
        let mut unknown = Vec::new();
        for path in paths {
            match known().get(&path) {
                Some(info) => drop(infos.insert(path, info.clone())),
                None => unknown.push(path),
            }
        }
        let names: Vec<&str> = unknown.iter().map(|path| path.as_str()).collect();
        let found = daemon.client.path_infos(&names)?;
        for (path, info) in unknown.into_iter().zip(found) {
            let invalid = || Refusal::Refused(format!("{path} is not valid"));
            let info = Arc::new(info.ok_or_else(invalid)?);
            known().insert(path.clone(), info.clone());
            infos.insert(path, info);
        }
        Ok(infos)
    }

    /// Asks about valid paths, which a daemon that gives archives may remember.
    pub(super) fn look_up<T>(
        &self,
        processes: &Processes,
        question: impl FnOnce(&mut Daemon) -> Result<T, Refusal>,
    ) -> Result<T> {
        self.export(processes, |mut daemon| match question(&mut daemon) {
            Ok(answer) => Ok((answer, daemon)),
            Err(refusal) => {
                let label = "query the store".to_owned();
                Err(daemon.refused(processes, label, &refusal))
            }
        })
    }

    fn daemon(&self, processes: &Processes) -> Result<Daemon> {
        let mut command = self.command(Program::Daemon);
        command.arg("--stdio");
        let spawn = |command: &mut _| processes.spawn_background(command, "ask the store");
        Ok(Daemon::start(&mut command, &[], spawn)?)
    }
}
