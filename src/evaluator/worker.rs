//! One Nix process: evaluates a batch of attributes and streams what it finds.
//!
//! Facts about `nix-instantiate --eval --json` on which this rests, seen on 2.8, 2.26 and 2.34:
//! with an `--arg` it calls the functions that `-A` selects and does not keep their results; texts
//! follow each other without a separator; the first error ends the process, and finished texts may
//! be lost with it. `trace` tells on standard error, at once and in order. So that is how we hear what
//! machines and resources are, who is being evaluated, and what it reads.

use std::{
    fmt,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    ops::ControlFlow,
    process::{ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio},
    sync::mpsc::{self, Sender},
    thread,
};

use nix_compat::log::{self, LogMessage, Message, VerbosityLevel, strip_ansi};
use serde::de::{Deserialize, Deserializer, Visitor};

use crate::process::{self, Processes, Running};

use super::translate;

/// Prefix of the trace that says whose evaluation begins.
const BEGIN: &str = "@begin ";

/// Prefix of the trace that gives a machine's options early.
const TARGET: &str = "@target ";

/// Prefix of the trace that says that the flake reads what it is itself, beside its files.
const IDENTITY: &str = "@self ";

/// Prefix of the trace that gives the texts of a machine's keys.
const KEYS: &str = "@keys ";

/// Prefix of the trace that says that a machine reads another one.
const READ: &str = "@read ";

/// Prefix of the trace that says that an output is read.
const OUTPUT: &str = "@output ";

/// Prefix of the trace that says that a machine or resource is looked at.
const LOOK: &str = "@look ";

/// Prefix of the trace that gives the text of a machine or resource.
const DONE: &str = "@done ";

/// What becomes of the text of a trace.
type Hearing = fn(String) -> Heard;

/// What `lib/` traces for us, by prefix.
const TOLD: [(&str, Hearing); 8] = [
    (BEGIN, Heard::Begin),
    (TARGET, Heard::Target),
    (KEYS, Heard::Keys),
    (READ, Heard::Read),
    (OUTPUT, Heard::Output),
    (LOOK, Heard::Look),
    (IDENTITY, Heard::Identity),
    (DONE, Heard::Done),
];

/// What a worker hears from its process.
#[derive(Debug)]
pub enum Heard {
    /// A whole text, which is JSON.
    Text(String),
    /// JSON that says which machine's evaluation begins.
    Begin(String),
    /// JSON of a machine's options.
    Target(String),
    /// JSON of the texts of a machine's keys.
    Keys(String),
    /// JSON of a read of another machine.
    Read(String),
    /// JSON of a read of an output.
    Output(String),
    /// JSON of a look at a machine or resource.
    Look(String),
    /// The flake reads what it is itself, such as its revision: the name of that.
    Identity(String),
    /// JSON of what was evaluated, which comes after all that it has told.
    Done(String),
    /// A warning, or the trace of a user.
    Remark(String),
    /// An error, with its trace.
    Error(Box<Message>),
}

/// How a process ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit status.
    pub status: ExitStatus,
    /// Lines of standard error that are no messages, such as that of a stack overflow.
    pub stray: Vec<String>,
}

enum Piped {
    Heard(Heard),
    Stray(String),
}

/// Runs a process, giving `program` to its standard input, to its end or until `hear` breaks off;
/// `started` is told its id.
pub fn run(
    processes: &Processes,
    command: &mut Command,
    label: &str,
    program: &str,
    started: impl FnOnce(u32),
    mut hear: impl FnMut(Heard) -> ControlFlow<()>,
) -> process::Result<Ended> {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut running = processes.spawn(command, label)?;
    started(running.id());
    let mut stray = Vec::new();
    for piped in listen(&mut running, program) {
        match piped {
            Piped::Heard(heard) => {
                if hear(heard).is_break() {
                    running.kill();
                    break;
                }
            }
            Piped::Stray(line) => stray.push(line),
        }
    }
    let status = running.wait()?;
    Ok(Ended { status, stray })
}

/// Serves the three pipes; the stream ends when the process has closed both of its outputs.
fn listen(running: &mut Running, program: &str) -> mpsc::Receiver<Piped> {
    let (sender, receiver) = mpsc::channel();
    if let Some(pipe) = running.take_stdin() {
        write_program(pipe, program.to_owned());
    }
    if let Some(pipe) = running.take_stdout() {
        read_texts(pipe, sender.clone());
    }
    if let Some(pipe) = running.take_stderr() {
        read_messages(pipe, sender);
    }
    receiver
}

/// A string of Nix, which is bytes: what is not UTF-8 must not end the stream, and with it all other machines.
struct NixString(String);

impl<'de> Deserialize<'de> for NixString {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = NixString;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a string")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<NixString, E> {
                Ok(NixString(String::from_utf8_lossy(bytes).into_owned()))
            }
        }
        deserializer.deserialize_bytes(Bytes)
    }
}

fn write_program(mut pipe: ChildStdin, program: String) {
    // A process that ends without reading says why on its standard error.
    thread::spawn(move || drop(pipe.write_all(program.as_bytes())));
}

fn read_texts(pipe: ChildStdout, sender: Sender<Piped>) {
    thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        {
            let texts = serde_json::Deserializer::from_reader(&mut pipe).into_iter::<NixString>();
            for NixString(text) in texts.map_while(Result::ok) {
                if sender.send(Piped::Heard(Heard::Text(text))).is_err() {
                    return;
                }
            }
        }
        // After half a text there is nothing to be understood, but the process must not block.
        drop(pipe.read_to_end(&mut Vec::new()));
    });
}

fn read_messages(pipe: ChildStderr, sender: Sender<Piped>) {
    thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut line = Vec::new();
        while pipe.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            let text = String::from_utf8_lossy(&line);
            if let Some(piped) = understand(text.trim_end_matches('\n'))
                && sender.send(piped).is_err()
            {
                return;
            }
            line.clear();
        }
    });
}

fn understand(line: &str) -> Option<Piped> {
    match log::parse_line(line) {
        log::Line::Text("") => None,
        log::Line::Text(text) => Some(Piped::Stray(text.to_owned())),
        log::Line::Message(LogMessage::Msg(message)) => {
            understand_message(message).map(Piped::Heard)
        }
        log::Line::Message(_) => None,
    }
}

fn understand_message(message: Message) -> Option<Heard> {
    // Warnings have words of their own too, such as that the store's database is busy.
    if message.raw_msg.is_some() && message.level == VerbosityLevel::Error {
        return Some(Heard::Error(Box::new(message)));
    }
    let text = strip_ansi(&message.msg);
    let Some(trace) = text.strip_prefix("trace: ") else {
        let telling = matches!(message.level, VerbosityLevel::Error | VerbosityLevel::Warn);
        // Workers that write side by side wait for each other all the time.
        return (telling && !translate::is_contention(&message))
            .then(|| Heard::Remark(text.into_owned()));
    };
    let told = TOLD.iter().find_map(|(prefix, heard)| {
        let text = trace.strip_prefix(prefix)?;
        Some(heard(text.to_owned()))
    });
    Some(told.unwrap_or_else(|| Heard::Remark(trace.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(level: u8, text: &str) -> Option<Piped> {
        let message = serde_json::json!({
            "action": "msg", "level": level, "msg": text, "raw_msg": text,
            "column": null, "file": null, "line": null,
        });
        understand(&format!("@nix {message}"))
    }

    #[test]
    fn only_what_nix_calls_an_error_is_one() {
        assert!(matches!(
            heard(0, "no"),
            Some(Piped::Heard(Heard::Error(_)))
        ));
        assert!(matches!(
            heard(1, "hm"),
            Some(Piped::Heard(Heard::Remark(_)))
        ));
    }

    #[test]
    fn nobody_is_told_of_a_store_that_others_write_to() {
        let text = "error: SQLite database '/nix/var/nix/db/db.sqlite' is busy";
        assert!(heard(1, text).is_none());
        assert!(matches!(
            heard(0, text),
            Some(Piped::Heard(Heard::Error(_)))
        ));
    }
}
