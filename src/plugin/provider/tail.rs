//! The standard error of a provider: for people, and its end for errors.

use std::{
    collections::VecDeque,
    io::{self, BufRead, BufReader, Read},
    sync::{Condvar, Mutex, PoisonError},
    time::Duration,
};

/// How many lines are kept for an error.
const LINES: usize = 10;

/// The longest line: what is longer is cut, and its rest is a line of its own.
const LONGEST: u64 = 8 * 1024;

/// How long the last lines of a process that has ended may take to arrive.
const LATE: Duration = Duration::from_secs(1);

/// The last lines of a standard error.
#[derive(Default)]
pub(super) struct Tail {
    kept: Mutex<Kept>,
    closed: Condvar,
}

#[derive(Default)]
struct Kept {
    lines: VecDeque<String>,
    closed: bool,
}

impl Tail {
    /// Reads a standard error to its end, giving each line to `hear`.
    pub(super) fn read(&self, pipe: impl Read, hear: impl Fn(String)) {
        let mut input = BufReader::new(pipe);
        while let Ok(Some(line)) = next(&mut input) {
            self.keep(&line);
            hear(line);
        }
        self.kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .closed = true;
        self.closed.notify_all();
    }

    /// The last lines; those of a process that has ended once they are all there.
    pub(super) fn lines(&self, ended: bool) -> Vec<String> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if ended {
            let waited = self
                .closed
                .wait_timeout_while(kept, LATE, |kept| !kept.closed);
            kept = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        kept.lines.iter().cloned().collect()
    }

    fn keep(&self, line: &str) {
        if line.trim().is_empty() {
            return;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.lines.len() == LINES {
            kept.lines.pop_front();
        }
        kept.lines.push_back(line.to_owned());
    }
}

fn next(input: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    input.by_ref().take(LONGEST).read_until(b'\n', &mut line)?;
    Ok((!line.is_empty()).then(|| {
        String::from_utf8_lossy(&line)
            .trim_end_matches(['\n', '\r'])
            .to_owned()
    }))
}
