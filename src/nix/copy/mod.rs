mod failure;
mod import;
mod watch;

use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};

use super::{Commands, Nix, Program};
use crate::process::{self, Call, Processes, Stream};
use failure::classify;
use watch::Watch;

pub use failure::{CopyError, CopyFailure};

/// A copy of closures to another store.
#[derive(Clone, Debug)]
pub struct Copy<'a> {
    /// What the copy is for, in the user's words, e.g. `copy web`.
    pub label: String,
    /// Where they go, as [`Host::destination`](crate::host::Host::destination) gives it.
    pub to: Destination<'a>,
    /// Store paths whose closures are copied.
    pub paths: &'a [Utf8PathBuf],
    /// Lets the other side fetch from its own substituters what they have.
    pub substitute_on_destination: bool,
}

/// The store of another machine.
#[derive(Clone, Debug)]
pub enum Destination<'a> {
    /// One that Nix reaches by itself.
    Store(RemoteStore<'a>),
    /// One beside which `nix-daemon --stdio` is run.
    ///
    /// It asks no signatures of root, nor of a user whom the daemon there trusts. For anybody else paths must be
    /// signed by a key that the machine trusts, or the copy ends with [`CopyFailure::Permission`].
    Commands(Commands),
}

/// A store that Nix reaches over ssh.
#[derive(Clone, Debug)]
pub struct RemoteStore<'a> {
    /// Its URL.
    pub url: String,
    /// Configuration that `ssh` is to use; its path must not hold blanks, since Nix splits `NIX_SSHOPTS` at them.
    pub ssh_config: &'a Utf8Path,
}

/// How far a copy is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CopyProgress {
    /// Bytes copied so far; of what `nix copy` sends, Nix 2.8 does not tell.
    pub bytes: u64,
    /// Bytes to copy in all, as far as Nix knows; 0 as long as it does not.
    pub bytes_expected: u64,
    /// Store paths copied so far.
    pub paths: u64,
    /// Store paths to copy in all.
    pub paths_expected: u64,
}

/// What the streams of a copy carried; nothing of what `nix copy` sends is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// Bytes of archives, those of each stream as many times as there were streams at once: they share the processors,
    /// and often the line.
    bytes: u64,
    /// From the first byte of each stream to the answer that all of it has arrived.
    time: Duration,
}

impl Carried {
    /// Bytes that would have been carried in a second by one stream alone, if there were enough to tell.
    pub fn rate(&self) -> Option<u64> {
        const ENOUGH: u64 = 16_000_000;
        let milliseconds = u64::try_from(self.time.as_millis()).ok()?;
        let rate = self.bytes.saturating_mul(1000) / milliseconds.max(1);
        (self.bytes >= ENOUGH).then_some(rate)
    }
}

/// What a copy tells while it goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CopyEvent {
    /// The other side has begun to fetch a path from one of its substituters.
    Fetching {
        /// The store path.
        path: Utf8PathBuf,
        /// The URL of the substituter.
        from: String,
    },
    /// So far the other side has fetched from its substituters, before anything is sent.
    Fetched(CopyProgress),
    /// So far it was sent; of `nix copy`, what the other side fetches counts too.
    Sent(CopyProgress),
}

impl Copy<'_> {
    /// What makes Nix take paths of derivations as what they are, and not as what they make.
    fn of_derivations(&self) -> Option<&'static str> {
        let is_derivation = |path: &Utf8PathBuf| path.extension() == Some("drv");
        self.paths
            .iter()
            .all(is_derivation)
            .then_some("--derivation")
    }
}

impl Nix {
    /// Copies closures to the store of another machine, tells how far it is, and then what was carried.
    pub fn copy(
        &self,
        processes: &Processes,
        copy: &Copy,
        tell: &mut dyn FnMut(CopyEvent),
    ) -> Result<Carried, CopyError> {
        match &copy.to {
            Destination::Store(store) => self
                .copy_to_store(processes, copy, store, tell)
                .map(|()| Carried::default()),
            Destination::Commands(commands) => self.import(processes, copy, commands, tell),
        }
    }

    fn copy_to_store(
        &self,
        processes: &Processes,
        copy: &Copy,
        store: &RemoteStore,
        tell: &mut dyn FnMut(CopyEvent),
    ) -> Result<(), CopyError> {
        let mut command = self.command(Program::Nix);
        command.args([
            "copy",
            "--log-format",
            "internal-json",
            "--no-check-sigs",
            "--to",
            &store.url,
        ]);
        if copy.substitute_on_destination {
            command.arg("--substitute-on-destination");
        }
        command.env("NIX_SSHOPTS", format!("-F {}", store.ssh_config));
        command.args(copy.of_derivations());
        command.args(copy.paths);
        let mut watch = Watch::default();
        let mut lines = |stream, line: &str| {
            if stream == Stream::Stderr
                && let Some(heard) = watch.line(line)
            {
                tell(watch.event(heard, CopyEvent::Sent));
            }
        };
        let output = Call::new(copy.label.clone())
            .lines(&mut lines)
            .run(processes, &mut command)?;
        if output.status.success() {
            return Ok(());
        }
        let said = watch.said.join("\n");
        Err(CopyError::Failed {
            label: copy.label.clone(),
            failure: classify(&said),
            said,
            command_line: process::command_line(&command),
        })
    }
}

#[cfg(test)]
mod tests;
