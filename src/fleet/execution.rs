//! A command on a machine.

use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    evaluator::Diagnostic,
    host::{Connections, Error, Host, Remote},
    process::Stream,
};

use super::Member;

/// What ssh ends with where there was no way to the machine, and we too.
const NO_WAY: i32 = 255;

/// A command that is run on machines.
#[derive(Clone, Copy, Debug)]
pub struct Command<'a> {
    /// The program and its arguments, which no shell reads.
    pub words: &'a [String],
    /// Whether it runs as root, by the machine's `privilegeEscalationCommand` where that is needed.
    pub elevated: bool,
    /// How long it may take.
    pub timeout: Option<Duration>,
}

/// A command that has come to its end on a machine.
#[derive(Clone, Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Executed {
    /// The machine.
    pub machine: String,
    /// Its exit status; null if it is not known.
    pub exit_code: Option<i32>,
    /// All that it wrote to its standard output, as text.
    pub stdout: String,
    /// All that it wrote to its standard error, as text.
    pub stderr: String,
    /// Seconds that it took, with the connection.
    pub seconds: f64,
    /// Why it is not known what became of it.
    pub problem: Option<Diagnostic>,
    /// What it wrote, in the order in which it came.
    #[serde(skip)]
    pub lines: Vec<(Stream, String)>,
}

/// A command, and those who hear of it.
#[derive(Clone, Copy)]
pub struct Execution<'a> {
    /// The connections of the run.
    pub connections: &'a Connections,
    /// What is run.
    pub command: Command<'a>,
}

impl Execution<'_> {
    /// Runs the command on a machine, handing out each line as it comes.
    pub fn run(&self, member: &Member, mut hear: impl FnMut(Stream, &str)) -> Executed {
        let begun = Instant::now();
        let mut lines = Vec::new();
        let ended = self.ended(member, &mut |stream, line: &str| {
            hear(stream, line);
            lines.push((stream, line.to_owned()));
        });
        let written = |wanted: Stream| {
            let lines = lines.iter().filter(|(stream, _)| *stream == wanted);
            lines.flat_map(|(_, line)| [line.as_str(), "\n"]).collect()
        };
        let (exit_code, problem) = match ended {
            Ok(code) => (code, None),
            Err(problem) => (None, Some(problem)),
        };
        Executed {
            machine: member.name.clone(),
            exit_code,
            stdout: written(Stream::Stdout),
            stderr: written(Stream::Stderr),
            seconds: begun.elapsed().as_secs_f64(),
            problem,
            lines,
        }
    }

    fn ended(
        &self,
        member: &Member,
        lines: &mut dyn FnMut(Stream, &str),
    ) -> Result<Option<i32>, Diagnostic> {
        let host = member.connect(self.connections)?;
        let code = self.on(&host, lines);
        let code = code.map_err(|error| member.own(&error))?;
        host.close();
        Ok(code)
    }

    fn on(&self, host: &Host, lines: &mut dyn FnMut(Stream, &str)) -> Result<Option<i32>, Error> {
        let mut remote = Remote::argv("command on", self.command.words).lines(lines);
        if self.command.elevated {
            remote = remote.elevated();
        }
        if let Some(timeout) = self.command.timeout {
            remote = remote.timeout(timeout);
        }
        Ok(host.run(remote)?.status.code())
    }
}

impl Executed {
    /// What it means for the exit code of a run: that of the command, or that of ssh where there was no way.
    pub fn code(&self) -> u8 {
        let code = self.exit_code.unwrap_or(NO_WAY);
        u8::try_from(code).unwrap_or(u8::MAX)
    }
}
