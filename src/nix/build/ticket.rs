use std::sync::{Arc, Condvar, Mutex, PoisonError};

use camino::Utf8PathBuf;

use super::{BuildError, Built};

/// A place in the queue: waits for one output.
#[derive(Debug)]
#[must_use = "the output is there only once the ticket was waited for"]
pub struct Ticket(pub(super) Arc<Job>);

impl Ticket {
    /// Waits until the output is valid or cannot be built.
    pub fn wait(self) -> Result<Built, BuildError> {
        self.0.wait()
    }
}

/// One output that was asked for.
#[derive(Debug)]
pub(super) struct Job {
    pub drv: Utf8PathBuf,
    pub out: Utf8PathBuf,
    answer: Mutex<Answer>,
    answered: Condvar,
}

/// Taken at most once, and never replaced.
#[derive(Debug)]
enum Answer {
    Awaited,
    Given(Result<Built, BuildError>),
    Taken,
}

impl Job {
    pub fn new(drv: Utf8PathBuf, out: Utf8PathBuf) -> Self {
        Self {
            drv,
            out,
            answer: Mutex::new(Answer::Awaited),
            answered: Condvar::new(),
        }
    }

    /// Says that the output is valid.
    pub fn succeed(&self, was_valid: bool) {
        self.answer(Ok(Built {
            drv: self.drv.clone(),
            out: self.out.clone(),
            was_valid,
        }));
    }

    /// Says why the output cannot be had.
    pub fn fail(&self, error: BuildError) {
        self.answer(Err(error));
    }

    /// Tells whether an answer was given.
    pub fn is_answered(&self) -> bool {
        !matches!(*self.lock(), Answer::Awaited)
    }

    fn answer(&self, result: Result<Built, BuildError>) {
        let mut answer = self.lock();
        if matches!(*answer, Answer::Awaited) {
            *answer = Answer::Given(result);
            self.answered.notify_all();
        }
    }

    fn wait(&self) -> Result<Built, BuildError> {
        let mut answer = self.lock();
        loop {
            match std::mem::replace(&mut *answer, Answer::Taken) {
                Answer::Given(result) => return result,
                // Nobody else takes: the ticket is consumed by waiting.
                Answer::Awaited | Answer::Taken => *answer = Answer::Awaited,
            }
            answer = self
                .answered
                .wait(answer)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Answer> {
        self.answer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
