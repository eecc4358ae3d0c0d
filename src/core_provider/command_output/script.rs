//! A script that runs.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read},
    process::{Command, ExitStatus, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    thread,
    time::Duration,
};

use nixops_plugin::{Context, Failed};

use crate::core_provider::program::{private_directory, write_private};

/// How often it is looked whether the script is still wanted.
const TICK: Duration = Duration::from_millis(50);

/// What comes from a script.
enum Said {
    /// A line of its standard error.
    Line(String),
    /// Its whole standard output.
    All(Vec<u8>),
}

/// Runs a script and gives what it prints. It stands in a file, because everybody can read arguments;
/// `$out` is a directory that goes away with it.
pub(super) fn run(context: &Context, script: &str) -> Result<String, Failed> {
    let directory = private_directory()?;
    let (file, out) = (
        directory.path().join("script"),
        directory.path().join("out"),
    );
    write_private(&file, script.as_bytes())?;
    fs::create_dir(&out)?;
    let mut command = Command::new("/bin/sh");
    command
        .arg(&file)
        .env("out", &out)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let started = command.spawn();
    let mut child = started.map_err(|error| Failed::new("while running /bin/sh").because(error))?;
    let (sender, said) = mpsc::channel();
    let pipes = (child.stdout.take(), child.stderr.take());
    listen(sender, pipes.0, pipes.1);
    let (output, last) = match hear(context, &said) {
        Ok(heard) => heard,
        Err(cancelled) => {
            child.kill()?;
            child.wait()?;
            return Err(cancelled);
        }
    };
    ended(child.wait()?, &last)?;
    String::from_utf8(output).map_err(|_| Failed::new("what the script printed is not UTF-8"))
}

/// Reads both pipes in threads. They are not joined: what the script leaves behind may hold them.
fn listen(
    sender: Sender<Said>,
    stdout: Option<impl Read + Send + 'static>,
    stderr: Option<impl Read + Send + 'static>,
) {
    let lines = sender.clone();
    thread::spawn(move || {
        let pipe = stderr.into_iter().map(BufReader::new);
        for line in pipe
            .flat_map(|pipe| pipe.split(b'\n'))
            .map_while(Result::ok)
        {
            let line = String::from_utf8_lossy(&line).into_owned();
            if lines.send(Said::Line(line)).is_err() {
                return;
            }
        }
    });
    thread::spawn(move || {
        let mut all = Vec::new();
        if let Some(mut stdout) = stdout {
            // What was read before an error is followed by the exit status, which says more.
            let _ = stdout.read_to_end(&mut all);
        }
        let _ = sender.send(Said::All(all));
    });
}

/// Passes on what the script says, until it has said all; gives its output and the last of its lines.
fn hear(context: &Context, said: &Receiver<Said>) -> Result<(Vec<u8>, String), Failed> {
    let (mut output, mut last) = (None, String::new());
    loop {
        match (said.recv_timeout(TICK), output.take()) {
            (Ok(Said::All(all)), _) => output = Some(all),
            (Ok(Said::Line(line)), before) => {
                context.info(&*line);
                (output, last) = (before, line);
            }
            // Who is left behind may hold standard error for ever.
            (Err(_), Some(output)) => return Ok((output, last)),
            (Err(RecvTimeoutError::Timeout), None) => {}
            (Err(RecvTimeoutError::Disconnected), None) => return Ok((Vec::new(), last)),
        }
        context.stop_if_cancelled()?;
    }
}

fn ended(status: ExitStatus, last: &str) -> Result<(), Failed> {
    if status.success() {
        return Ok(());
    }
    let last = match last.trim() {
        "" => String::new(),
        last => format!(": {last}"),
    };
    Err(Failed::new(format!("the script failed ({status}){last}")))
}
