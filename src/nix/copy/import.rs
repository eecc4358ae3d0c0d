//! Copying to a daemon on the other machine, in a number of round trips that does not grow with what is copied.
//!
//! `nix copy` waits for an answer after each path, if it speaks the protocol `ssh`.

use std::{
    collections::HashSet,
    io::{self, Read as _, Write as _},
    time::Instant,
};

use camino::{Utf8Path, Utf8PathBuf};
use nix_compat::{
    log::strip_ansi,
    nix_daemon::{Error as Refusal, PathInfo},
};

use super::{
    Carried, Copy, CopyError, CopyEvent, CopyFailure, CopyProgress,
    failure::{classify, classify_ended},
    watch::Watch,
};
use crate::{
    nix::{
        Commands, Nix,
        daemon::Daemon,
        store::{Closure, Streams},
    },
    process::Processes,
};

/// The program that is a daemon for one client, and its argument.
const DAEMON: [&str; 2] = ["nix-daemon", "--stdio"];

/// Bytes after which a stream ends and another one begins: a daemon takes all of one before it says that its disk is full.
const SENT_AT_ONCE: u64 = 128 * 1024 * 1024;

/// How much is carried at once.
const CHUNK: usize = 64 * 1024;

/// A path, with what the store here knows of it.
type Known<'a> = (&'a Utf8Path, &'a PathInfo);

/// A copy that is under way.
struct Delivery<'a> {
    here: &'a mut Daemon,
    there: &'a mut Daemon,
    done: CopyProgress,
    tell: &'a mut dyn FnMut(CopyEvent),
    carried: Carried,
    streams: &'a Streams,
}

/// Which of the two daemons did not do what it was asked.
enum Stop {
    Here(Refusal),
    There(Refusal),
}

impl Nix {
    /// Asks a daemon there what is missing, and sends it as a stream through the same session.
    ///
    /// What has arrived stays there if the stream breaks, and is not sent again.
    pub(super) fn import(
        &self,
        processes: &Processes,
        copy: &Copy,
        commands: &Commands,
        tell: &mut dyn FnMut(CopyEvent),
    ) -> Result<Carried, CopyError> {
        self.export(processes, |mut here| {
            let label = format!("read what to {}", copy.label);
            let roots = copy.paths.iter().map(Utf8PathBuf::as_path);
            let closure = match self.closure_of(&mut here, roots) {
                Ok(closure) => closure,
                Err(refusal) => return Err(here.refused(processes, label, &refusal).into()),
            };
            let mut command = commands.command(DAEMON);
            let spawn = |command: &mut _| processes.spawn(command, &*copy.label);
            let mut there = Daemon::start(&mut command, commands.input(), spawn)?;
            let delivery = Delivery {
                here: &mut here,
                there: &mut there,
                done: CopyProgress::default(),
                tell,
                carried: Carried::default(),
                streams: self.streams(),
            };
            match delivery.run(&closure, copy.substitute_on_destination) {
                // All has arrived, however the session ends.
                Ok(carried) => {
                    there.end()?;
                    Ok((carried, here))
                }
                Err(Stop::Here(refusal)) => Err(here.refused(processes, label, &refusal).into()),
                Err(Stop::There(refusal)) => Err(failed(copy, there, &refusal)),
            }
        })
    }
}

impl Delivery<'_> {
    fn run(mut self, closure: &Closure, substitute: bool) -> Result<Carried, Stop> {
        let paths = references_first(closure);
        let names = paths.iter().map(|(path, _)| path.as_str());
        let valid = if substitute {
            let (mut watch, tell) = (Watch::default(), &mut self.tell);
            self.there.client.substitute(names, &mut |message| {
                if let Some(heard) = watch.message(message) {
                    tell(watch.event(heard, CopyEvent::Fetched));
                }
            })
        } else {
            self.there.client.valid_paths(names)
        };
        let valid: HashSet<String> = valid.map_err(Stop::There)?.into_iter().collect();
        let missing = paths
            .into_iter()
            .filter(|(path, _)| !valid.contains(path.as_str()));
        let missing: Vec<Known> = missing.collect();
        self.done.bytes_expected = missing.iter().map(|(_, info)| info.nar_size).sum();
        self.done.paths_expected = missing.len() as u64;
        let mut left = missing.as_slice();
        while !left.is_empty() {
            let (paths, rest) = left.split_at(stream(left));
            left = rest;
            let (before, begun) = (self.done.bytes, Instant::now());
            let stream = self.streams.clone();
            self.send(paths)?;
            self.carried.bytes += (self.done.bytes - before) * stream.at_once();
            self.carried.time += begun.elapsed();
        }
        Ok(self.carried)
    }

    fn send(&mut self, paths: &[Known]) -> Result<(), Stop> {
        let Self {
            here,
            there,
            done,
            tell,
            ..
        } = self;
        let killer = there.killer();
        let mut refused = None;
        let mut lost = |refusal| {
            refused = Some(refusal);
            io::Error::other("no archive")
        };
        let sent = there.client.add_paths(
            paths.len() as u64,
            |frames| {
                let mut chunk = vec![0; CHUNK];
                for (path, info) in paths {
                    frames.path(path.as_str(), info)?;
                    let mut left = info.nar_size;
                    let archive = here.client.nar(path.as_str(), left);
                    let mut archive = archive.map_err(&mut lost)?;
                    while left > 0 {
                        let length = match archive.read(&mut chunk) {
                            Ok(length @ 1..) => length,
                            Ok(0) => return Err(lost(ended_early())),
                            Err(error) => return Err(lost(error.into())),
                        };
                        frames.write_all(&chunk[..length])?;
                        left -= length as u64;
                        done.bytes += length as u64;
                        tell(CopyEvent::Sent(*done));
                    }
                    done.paths += 1;
                    tell(CopyEvent::Sent(*done));
                }
                Ok(())
            },
            || killer.kill(),
        );
        match (refused, sent) {
            (Some(refusal), _) => Err(Stop::Here(refusal)),
            (None, sent) => sent.map_err(Stop::There),
        }
    }
}

/// An archive is not as long as the store says.
fn ended_early() -> Refusal {
    Refusal::Io(io::ErrorKind::UnexpectedEof.into())
}

/// What the daemon there did not do.
fn failed(copy: &Copy, mut there: Daemon, refusal: &Refusal) -> CopyError {
    let log = there.client.take_log();
    let ended = match there.end() {
        Ok(ended) => ended,
        Err(error) => return error.into(),
    };
    let said = match refusal {
        Refusal::Io(_) if ended.said.trim().is_empty() => {
            format!("{}: {}", ended.program, ended.status)
        }
        Refusal::Io(_) => ended.said,
        refusal => {
            let lines = log.into_iter().chain([refusal.to_string()]);
            let lines = lines.map(|line| strip_ansi(&line).into_owned());
            lines.collect::<Vec<_>>().join("\n")
        }
    };
    CopyError::Failed {
        label: copy.label.clone(),
        failure: match refusal {
            Refusal::TooOld(_) => CopyFailure::OldNix,
            Refusal::Refused(_) => classify(&said),
            Refusal::NotNix(_) => CopyFailure::NotNix,
            _ => classify_ended(ended.status, &said),
        },
        said,
        command_line: ended.command_line,
    }
}

/// How many of the paths go into the next stream.
fn stream(paths: &[Known]) -> usize {
    let mut bytes = 0;
    let fits = |(_, info): &&Known| {
        bytes += info.nar_size;
        bytes <= SENT_AT_ONCE
    };
    paths.iter().take_while(fits).count().max(1)
}

/// Sorts paths so that each comes after those that it refers to: a store takes no path before them.
fn references_first(closure: &Closure) -> Vec<Known<'_>> {
    let mut sorted = Vec::with_capacity(closure.len());
    let mut seen = HashSet::new();
    for (root, info) in closure {
        // A path is first opened, which puts its references above it, and then closed.
        let mut stack = vec![(root, info, false)];
        while let Some((path, info, opened)) = stack.pop() {
            if opened {
                sorted.push((path.as_path(), &**info));
            } else if seen.insert(path) {
                stack.push((path, info, true));
                let references = info.references.iter().map(Utf8Path::new);
                let known = references.filter_map(|path| closure.get_key_value(path));
                stack.extend(known.map(|(path, info)| (path, info, false)));
            }
        }
    }
    sorted
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn closure(paths: &[(&str, u64, &[&str])]) -> Closure {
        let info = |nar_size, references: &[&str]| PathInfo {
            deriver: String::new(),
            nar_hash: String::new(),
            references: references.iter().map(ToString::to_string).collect(),
            registered: 0,
            nar_size,
            ultimate: false,
            signatures: Vec::new(),
            content: String::new(),
        };
        let paths = paths.iter();
        let paths = paths.map(|(path, size, refers)| (path.into(), Arc::new(info(*size, refers))));
        paths.collect()
    }

    #[test]
    fn references_come_first_and_everything_once() {
        let closure = closure(&[
            ("/a", 10, &["/c", "/a", "/b"]),
            ("/b", 10, &["/d"]),
            ("/c", 10, &["/b", "/d"]),
            ("/d", 10, &[]),
        ]);
        let paths = references_first(&closure).into_iter();
        let paths: Vec<&Utf8Path> = paths.map(|(path, _)| path).collect();
        assert_eq!(paths, ["/d", "/b", "/c", "/a"]);
    }

    #[test]
    fn a_stream_has_its_limit_but_at_least_one_path() {
        let closure = closure(&[
            ("/a", SENT_AT_ONCE + 1, &[]),
            ("/b", SENT_AT_ONCE - 1, &[]),
            ("/c", 1, &[]),
            ("/d", 1, &[]),
        ]);
        let paths = references_first(&closure);
        assert_eq!(stream(&paths), 1);
        assert_eq!(stream(&paths[1..]), 2);
        assert_eq!(stream(&paths[3..]), 1);
    }
}
