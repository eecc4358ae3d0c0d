//! Copying by commands on the other machine, in a number of round trips that does not grow with what is copied.
//!
//! `nix copy` waits for an answer after each path, if it speaks the protocol `ssh`.

use std::{
    collections::{BTreeMap, HashSet},
    process::Command,
};

use camino::{Utf8Path, Utf8PathBuf};

use super::{
    Copy, CopyError, CopyFailure, CopyProgress, RemoteStore, exported::Exported,
    failure::classify_ended, pipe::Pipe,
};
use crate::{
    nix::{Commands, Nix, PathInfo, Program},
    process::{Call, Output, Processes, command_line},
};

/// Paths in one question: a prefix may make one word of all, and a word ends at 128 KiB.
const ASKED_AT_ONCE: usize = 1_000;

/// Paths in one stream, well under the limit for arguments.
const SENT_AT_ONCE: usize = 5_000;

/// Bytes of a path from which on it is large: whoever imports it, holds it in memory.
const LARGE: u64 = 64 * 1024 * 1024;

/// The paths of closures, with what the store here knows of them.
type Closure = BTreeMap<Utf8PathBuf, PathInfo>;

/// The other side of a copy.
struct There<'a> {
    processes: &'a Processes,
    label: &'a str,
    commands: &'a Commands,
}

impl Nix {
    /// Sends what is missing there as a stream, from `nix-store --export` here to `nix-store --import` there; and what is
    /// large by `nix copy`, where that is possible.
    ///
    /// What has arrived stays there if the stream breaks, and is not sent again.
    pub(super) fn import(
        &self,
        processes: &Processes,
        copy: &Copy,
        (commands, store): (&Commands, Option<&RemoteStore>),
        progress: &mut dyn FnMut(CopyProgress),
    ) -> Result<(), CopyError> {
        let roots = copy.paths.iter().map(Utf8PathBuf::as_path);
        let options = ["--recursive"].into_iter().chain(copy.of_derivations());
        let options: Vec<&str> = options.collect();
        let closure = self.path_info(processes, roots, &options)?;
        let there = There {
            processes,
            label: &copy.label,
            commands,
        };
        let all = references_first(&closure);
        if copy.substitute_on_destination {
            there.substitute(&all)?;
        }
        let mut missing = there.missing(all)?;
        let mut done = CopyProgress {
            bytes_expected: size(&closure, &missing),
            paths_expected: missing.len() as u64,
            ..CopyProgress::default()
        };
        let large = match store {
            Some(_) => after_large(&closure, &missing),
            None => HashSet::new(),
        };
        missing.retain(|path| !large.contains(path));
        for paths in missing.chunks(SENT_AT_ONCE) {
            let (bytes, count) = (size(&closure, paths), paths.len() as u64);
            let mut export = self.command(Program::Store);
            export.arg("--export").args(paths);
            let mut import = commands.command(["nix-store", "--import"]);
            let pipe = Pipe::open(processes, &copy.label, (&mut export, &mut import))?;
            pipe.run(commands.input(), &mut |sent: &Exported| {
                progress(CopyProgress {
                    bytes: done.bytes + sent.bytes.min(bytes),
                    paths: done.paths + sent.paths.min(count),
                    ..done
                });
            })?;
            done.bytes += bytes;
            done.paths += count;
            progress(done);
        }
        let Some(store) = store.filter(|_| !large.is_empty()) else {
            return Ok(());
        };
        self.copy_to_store(processes, copy, store, &mut |now| {
            progress(CopyProgress {
                bytes: (done.bytes + now.bytes).min(done.bytes_expected),
                paths: (done.paths + now.paths).min(done.paths_expected),
                ..done
            });
        })?;
        progress(CopyProgress {
            bytes: done.bytes_expected,
            paths: done.paths_expected,
            ..done
        });
        Ok(())
    }
}

impl There<'_> {
    /// A program of Nix with options and paths, about to be run there.
    fn command(&self, words: &[&str], paths: &[&Utf8Path]) -> Command {
        let paths = paths.iter().map(|path| path.as_str());
        self.commands.command(words.iter().copied().chain(paths))
    }

    fn call(&self) -> Call<'_> {
        Call::new(self.label).stdin(self.commands.input())
    }

    /// Which of the paths the store there does not have, in the same order.
    fn missing<'p>(&self, paths: Vec<&'p Utf8Path>) -> Result<Vec<&'p Utf8Path>, CopyError> {
        let mut missing = HashSet::new();
        for paths in paths.chunks(ASKED_AT_ONCE) {
            let words = ["nix-store", "--check-validity", "--print-invalid"];
            let mut command = self.command(&words, paths);
            let output = self.call().run(self.processes, &mut command)?;
            if !output.status.success() {
                return Err(self.failed(&command, &output));
            }
            let lines = output.stdout_text();
            missing.extend(lines.lines().map(|line| Utf8PathBuf::from(line.trim_end())));
        }
        Ok(paths
            .into_iter()
            .filter(|path| missing.contains(*path))
            .collect())
    }

    /// Lets the store there fetch what it lacks and its substituters have; what they do not give will be sent.
    fn substitute(&self, paths: &[&Utf8Path]) -> Result<(), CopyError> {
        for paths in paths.chunks(ASKED_AT_ONCE) {
            // It does not tell what it has then.
            let words = ["nix-store", "--realise", "--ignore-unknown"];
            let mut command = self.command(&words, paths);
            let call = self.call().discard_stdout();
            let output = call.run(self.processes, &mut command)?;
            // Without its substituters the copy goes on, but not without the machine.
            let failed = (!output.status.success()).then(|| self.failed(&command, &output));
            if let Some(error) = failed
                && error.failure() == CopyFailure::ConnectionLost
            {
                return Err(error);
            }
        }
        Ok(())
    }

    fn failed(&self, command: &Command, output: &Output) -> CopyError {
        let said = output.stderr_text().into_owned();
        CopyError::Failed {
            label: self.label.to_owned(),
            failure: classify_ended(output.status, &said),
            said,
            command_line: command_line(command),
        }
    }
}

/// The bytes of some paths.
fn size(closure: &Closure, paths: &[&Utf8Path]) -> u64 {
    let sizes = paths.iter().filter_map(|path| closure.get(*path));
    sizes.map(|info| info.nar_size).sum()
}

/// Those of the paths that are large, or come after such a one because they refer to it; references come first.
fn after_large<'p>(closure: &Closure, paths: &[&'p Utf8Path]) -> HashSet<&'p Utf8Path> {
    let mut found = HashSet::new();
    for path in paths {
        let Some(info) = closure.get(*path) else {
            continue;
        };
        let mut references = info.references.iter().map(Utf8PathBuf::as_path);
        if info.nar_size >= LARGE || references.any(|reference| found.contains(reference)) {
            found.insert(*path);
        }
    }
    found
}

/// Sorts paths so that each comes after those that it refers to: a store takes no path before them.
fn references_first(closure: &Closure) -> Vec<&Utf8Path> {
    let mut sorted = Vec::with_capacity(closure.len());
    let mut seen = HashSet::new();
    for root in closure.keys() {
        // A path is first opened, which puts its references above it, and then closed.
        let mut stack = vec![(root, false)];
        while let Some((path, opened)) = stack.pop() {
            if opened {
                sorted.push(path.as_path());
            } else if seen.insert(path) {
                stack.push((path, true));
                let references = closure.get(path).map(|info| &info.references);
                let references = references.into_iter().flatten();
                let known = references.filter_map(|path| closure.get_key_value(path));
                stack.extend(known.map(|(path, _)| (path, false)));
            }
        }
    }
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(nar_size: u64, references: &[&str]) -> PathInfo {
        PathInfo {
            nar_size,
            ca: None,
            closure_size: None,
            references: references.iter().map(Into::into).collect(),
        }
    }

    #[test]
    fn what_refers_to_something_large_goes_after_it() {
        let closure = Closure::from([
            ("/a".into(), info(10, &["/b", "/c"])),
            ("/b".into(), info(10, &["/d"])),
            ("/c".into(), info(10, &["/e", "/c"])),
            ("/d".into(), info(LARGE, &[])),
            ("/e".into(), info(LARGE - 1, &[])),
        ]);
        let sorted = references_first(&closure);
        let mut large: Vec<_> = after_large(&closure, &sorted).into_iter().collect();
        large.sort();
        assert_eq!(large, ["/a", "/b", "/d"]);
        // What is there already holds nobody up.
        let missing: Vec<&Utf8Path> = sorted.into_iter().filter(|path| *path != "/d").collect();
        assert!(after_large(&closure, &missing).is_empty());
    }

    #[test]
    fn references_come_first_and_everything_once() {
        let closure = Closure::from([
            ("/a".into(), info(10, &["/c", "/a", "/b"])),
            ("/b".into(), info(10, &["/d"])),
            ("/c".into(), info(10, &["/b", "/d"])),
            ("/d".into(), info(10, &[])),
        ]);
        let sorted = references_first(&closure);
        assert_eq!(sorted, ["/d", "/b", "/c", "/a"]);
        assert_eq!(size(&closure, &sorted[1..]), 30);
    }
}
