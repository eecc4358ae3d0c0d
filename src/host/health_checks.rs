//! Health checks of a machine: whether what its network says of it holds.

use std::{
    collections::BTreeMap,
    fmt,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use super::{
    Host, Remote, Result,
    probe::{self, Verdict},
    remote::SESSIONS,
};
use crate::{
    network::{HealthCheck, Viewpoint},
    process::{self, Call, Limit, Processes},
};

/// How much longer than an attempt the way to the host and back may take.
const WAY: Duration = Duration::from_secs(10);

/// How soon an interrupt is noticed between two attempts.
const ATTENTION: Duration = Duration::from_millis(100);

/// A health check that failed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unhealthy {
    /// Its name.
    pub check: String,
    /// What it looks at.
    pub looks_at: String,
    /// What was found the last time.
    pub found: String,
    /// How often it was tried.
    pub attempts: u32,
}

impl fmt::Display for Unhealthy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            check,
            looks_at,
            found,
            attempts,
        } = self;
        write!(formatter, "health check {check} ({looks_at}): {found}")?;
        match attempts {
            1 => Ok(()),
            many => write!(formatter, ", {many} times"),
        }
    }
}

impl Host {
    /// Tries all checks at the same time, each until it is well or its attempts are used up, and gives those
    /// that failed.
    pub fn examine(&self, checks: &BTreeMap<String, HealthCheck>) -> Result<Vec<Unhealthy>> {
        // Whoever keeps the host waiting meanwhile needs a session, too.
        let places = Limit::new(SESSIONS / 2);
        thread::scope(|scope| {
            let tried = checks.iter().map(|(name, check)| {
                let attempts = check.retries.saturating_add(1);
                let places = &places;
                scope.spawn(move || self.examine_one(name, check, attempts, places))
            });
            // All of them begin before any is waited for.
            let tried: Vec<_> = tried.collect();
            let results = tried.into_iter().map(|thread| match thread.join() {
                Ok(result) => result,
                Err(panic) => std::panic::resume_unwind(panic),
            });
            let results: Result<Vec<Option<Unhealthy>>> = results.collect();
            Ok(results?.into_iter().flatten().collect())
        })
    }

    fn examine_one(
        &self,
        name: &str,
        check: &HealthCheck,
        attempts: u32,
        places: &Limit,
    ) -> Result<Option<Unhealthy>> {
        let mut found = String::new();
        for attempt in 0..attempts {
            if attempt > 0 {
                pause(self.processes(), check.interval())?;
            }
            let place = (check.from == Viewpoint::Host).then(|| places.take());
            let verdict = self.attempt(name, check)?;
            drop(place);
            match verdict {
                Verdict::Well => return Ok(None),
                Verdict::Found(other) => found = other,
            }
        }
        Ok(Some(Unhealthy {
            check: name.to_owned(),
            looks_at: check.probe.to_string(),
            found,
            attempts,
        }))
    }

    fn attempt(&self, name: &str, check: &HealthCheck) -> Result<Verdict> {
        let words = probe::words(check, &self.target().transport);
        let action = format!("health check {name} of");
        let output = match check.from {
            Viewpoint::Host => {
                let remote = Remote::argv(action, words).timeout(check.timeout() + WAY);
                self.run(remote.elevated())
            }
            Viewpoint::Deployer => {
                let action = format!("{action} {}", self.machine());
                here(self.processes(), &action, &words, check.timeout())
            }
        };
        match output {
            Ok(output) => Ok(probe::judge(check, &output)),
            Err(super::Error::Process(process::Error::TimedOut { .. })) => {
                Ok(probe::silence(check.timeout()))
            }
            Err(super::Error::Process(error @ process::Error::Spawn { .. })) => {
                Ok(Verdict::Found(error.to_string()))
            }
            Err(error) => Err(error),
        }
    }
}

/// Looks from here.
fn here(
    processes: &Processes,
    action: &str,
    words: &[String],
    within: Duration,
) -> Result<process::Output> {
    let mut command = Command::new(words.first().map_or("", String::as_str));
    command.args(words.iter().skip(1));
    let call = Call::new(action).timeout(within);
    Ok(call.run(processes, &mut command)?)
}

/// Waits between two attempts, unless the run is interrupted.
fn pause(processes: &Processes, time: Duration) -> Result<()> {
    let until = Instant::now() + time;
    while Instant::now() < until {
        if processes.interrupted() {
            let label = "health check".to_owned();
            return Err(process::Error::Interrupted { label }.into());
        }
        thread::sleep(ATTENTION.min(until.saturating_duration_since(Instant::now())));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_well_says_what_was_looked_at_and_what_was_found() {
        let mut unhealthy = Unhealthy {
            check: "web".to_owned(),
            looks_at: "http://localhost/".to_owned(),
            found: "status 503 instead of 200".to_owned(),
            attempts: 1,
        };
        let text = "health check web (http://localhost/): status 503 instead of 200";
        assert_eq!(unhealthy.to_string(), text);
        unhealthy.attempts = 6;
        assert_eq!(unhealthy.to_string(), format!("{text}, 6 times"));
    }

    #[test]
    fn the_deployer_looks_for_itself_and_gives_up_in_time() {
        let processes = Processes::new();
        let words = ["sleep", "60"].map(str::to_owned);
        let begun = Instant::now();
        let error = here(&processes, "looking at", &words, Duration::from_millis(50)).unwrap_err();
        let super::super::Error::Process(error) = error else {
            panic!("{error:?}")
        };
        assert!(
            matches!(error, process::Error::TimedOut { .. }),
            "{error:?}"
        );
        assert!(begun.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn an_interrupt_ends_the_pause() {
        let processes = Processes::new();
        processes.interrupt();
        let error = pause(&processes, Duration::from_mins(1)).unwrap_err();
        assert!(error.is_interrupted());
    }
}
