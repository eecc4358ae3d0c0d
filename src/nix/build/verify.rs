use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, mpsc},
};

use camino::{Utf8Path, Utf8PathBuf};

use super::{BuildError, FailedDerivation, realise::Realisation, ticket::Job, watch::Hint};

/// Holds hints against the store, in a thread of its own so that Nix is never held up.
pub(super) struct Verifier<'a> {
    context: &'a Realisation<'a>,
    batch: &'a [Arc<Job>],
    /// What each derivation of the batch needs, once it was asked.
    needs: HashMap<Utf8PathBuf, HashSet<Utf8PathBuf>>,
}

impl<'a> Verifier<'a> {
    pub fn new(context: &'a Realisation<'a>, batch: &'a [Arc<Job>]) -> Self {
        Self {
            context,
            batch,
            needs: HashMap::new(),
        }
    }

    /// Works until the process has ended; all hints that wait are taken together.
    pub fn follow(mut self, hints: &mpsc::Receiver<Hint>) {
        let mut started = HashSet::new();
        while let Ok(first) = hints.recv() {
            let mut advanced = false;
            for hint in std::iter::once(first).chain(hints.try_iter()) {
                match hint {
                    Hint::Started(path) => drop(started.insert(path)),
                    Hint::Advanced => advanced = true,
                    Hint::Failed(failed) => self.blame(&failed),
                }
            }
            if advanced {
                let begun =
                    |job: &&Arc<Job>| started.contains(&job.drv) || started.contains(&job.out);
                self.check(&self.batch.iter().filter(begun).cloned().collect::<Vec<_>>());
            }
        }
    }

    /// Answers those jobs whose output is valid now.
    pub fn check(&self, jobs: &[Arc<Job>]) {
        let open: Vec<&Arc<Job>> = jobs.iter().filter(|job| !job.is_answered()).collect();
        if open.is_empty() {
            return;
        }
        let outs: HashSet<&Utf8Path> = open.iter().map(|job| job.out.as_path()).collect();
        if let Ok(invalid) = self.context.nix.invalid_paths(self.context.processes, outs) {
            for job in open.iter().filter(|job| !invalid.contains(&job.out)) {
                self.context.teller.stop(&job.drv);
                job.succeed(false);
            }
        }
    }

    /// Fails those jobs that need a derivation that failed.
    fn blame(&mut self, failed: &FailedDerivation) {
        self.context.teller.stop(&failed.drv);
        let batch = self.batch;
        for job in batch.iter().filter(|job| !job.is_answered()) {
            if job.drv == failed.drv || self.needs(&job.drv).contains(&failed.drv) {
                job.fail(BuildError::of(&job.drv, failed.clone()));
            }
        }
    }

    fn needs(&mut self, drv: &Utf8PathBuf) -> &HashSet<Utf8PathBuf> {
        let context = self.context;
        self.needs.entry(drv.clone()).or_insert_with(|| {
            context
                .nix
                .requisites(context.processes, drv)
                .unwrap_or_default()
        })
    }
}
