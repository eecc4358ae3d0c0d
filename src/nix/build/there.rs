//! Builds by the Nix of another machine.

use std::sync::{
    Mutex, PoisonError,
    mpsc::{self, Receiver},
};

use camino::Utf8Path;

use super::{
    BuildError, BuildEvent, BuildOptions,
    failures::Failures,
    teller::Teller,
    watch::{Hint, Watch},
};
use crate::{
    nix::Nix,
    process::{Output, Stream},
};

/// A build of one derivation, whose closure is there, by a command that somebody else runs there.
pub struct BuildThere<'a> {
    drv: &'a Utf8Path,
    teller: Teller,
    failures: Mutex<Failures>,
}

/// What is heard of a build while it goes on.
pub struct Hearing<'a> {
    watch: Watch<'a>,
    hints: Receiver<Hint>,
}

impl<'a> BuildThere<'a> {
    /// Prepares a build of `drv` that tells `listener` what happens.
    pub fn new(drv: &'a Utf8Path, listener: impl Fn(BuildEvent) + Send + Sync + 'static) -> Self {
        Self {
            drv,
            teller: Teller::new(listener),
            failures: Mutex::default(),
        }
    }

    /// The command, with the settings that `nix` has here; `root` is to keep the result from collection.
    pub fn words(&self, nix: &Nix, options: &BuildOptions, root: Option<&str>) -> Vec<String> {
        let mut words = vec!["nix-store"];
        for (name, value) in nix.settings() {
            // Who builds for this machine need not be there for that one.
            if name != "builders" {
                words.extend(["--option", name, value]);
            }
        }
        words.extend(["--realise", "--keep-going", "--log-format", "internal-json"]);
        words.extend(["--verbose", self.drv.as_str()]);
        words.extend(options.repair.then_some("--repair"));
        if let Some(root) = root {
            words.extend(["--add-root", root, "--indirect"]);
        }
        words.into_iter().map(str::to_owned).collect()
    }

    /// Begins to listen to the command.
    pub fn listen(&self) -> Hearing<'_> {
        let (sender, hints) = mpsc::channel();
        let watch = Watch::new(&self.failures, sender, &self.teller);
        Hearing { watch, hints }
    }

    /// Says how it ended, once the command has.
    pub fn end(&self, hearing: &Hearing<'_>, output: &Output) -> Result<(), BuildError> {
        if output.status.success() {
            return Ok(());
        }
        let failed = hearing.hints.try_iter().find_map(|hint| match hint {
            Hint::Failed(failed) => Some(failed),
            Hint::Started(_) | Hint::Advanced => None,
        });
        if let Some(failed) = failed {
            return Err(BuildError::of(self.drv, failed));
        }
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let said = failures.messages();
        let reason = if said.is_empty() {
            output.stderr_text().trim().to_owned()
        } else {
            said
        };
        Err(BuildError::Nix {
            wanted: self.drv.to_owned(),
            reason,
        })
    }
}

impl Hearing<'_> {
    /// Takes a line of the command.
    pub fn line(&mut self, stream: Stream, line: &str) {
        self.watch.line(stream, line);
    }
}
