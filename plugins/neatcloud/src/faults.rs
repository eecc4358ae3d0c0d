//! What goes wrong on request.
//!
//! `NEATCLOUD_HOME/faults.json` is a list of faults, each of which happens `times` times (once if it is not said,
//! always if it is null) and then leaves the file:
//!
//! ```json
//! [
//!   { "method": "create", "type": "neatcloud", "name": "web", "fault": "transient" },
//!   { "method": "create", "fault": "crashAfter" },
//!   { "method": "read", "fault": "slow", "seconds": 2.5, "times": null }
//! ]
//! ```
//!
//! Without `method`, `type` or `name` it is any. `NEATCLOUD_FAULTS` may hold such a list too; its faults are
//! counted by each provider process for itself. [`Effect`] says what can go wrong.

use std::{
    env,
    fs::File,
    io::Write,
    path::PathBuf,
    sync::{Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use nixops_plugin::{Context, Failed};
use rustix::{
    io::fcntl_dupfd_cloexec,
    process::{Signal, getpid, kill_process},
};
use serde::{Deserialize, Serialize};

use crate::cloud::{Cloud, read_file, replace_file};

/// A fault that waits for its moment.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Fault {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(rename = "fault")]
    effect: Effect,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seconds: Option<f64>,
    #[serde(default = "once")]
    times: Option<u32>,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Effect {
    /// The method fails, and goes well the next time.
    Transient,
    /// The method fails since the account may have no more.
    Quota,
    /// The method fails since the credentials are refused.
    Unauthorized,
    /// The method takes `seconds` longer, 5 if it is not said.
    Slow,
    /// The provider is killed before the method does anything.
    CrashBefore,
    /// The provider is killed when all is done, and nobody hears of it.
    CrashAfter,
    /// The provider writes a line that is no message, and goes on.
    Garbage,
    /// The server is lost when the method is done.
    Lose,
}

#[expect(clippy::unnecessary_wraps, reason = "the type of the field")]
fn once() -> Option<u32> {
    Some(1)
}

/// Faults of one provider process.
pub struct Faults {
    path: PathBuf,
    own: Mutex<Vec<Fault>>,
    /// The protocol's own output, which nobody else can write garbage to.
    output: Option<File>,
}

/// Which call it is.
pub struct Call<'a> {
    /// Name of the method.
    pub method: &'static str,
    /// Name of the type.
    pub kind: &'static str,
    /// Name of the resource in the network; empty if it is about many.
    pub name: &'a str,
}

impl Faults {
    /// The faults of a cloud. To be called before the provider sets its output aside.
    pub fn of(cloud: &Cloud) -> Result<Self, Failed> {
        let own = match env::var("NEATCLOUD_FAULTS") {
            Ok(text) => serde_json::from_str(&text).map_err(|error| {
                Failed::new("NEATCLOUD_FAULTS is no list of faults").because(error)
            })?,
            Err(_) => Vec::new(),
        };
        Ok(Self {
            path: cloud.home().join("faults.json"),
            own: Mutex::new(own),
            output: fcntl_dupfd_cloexec(std::io::stdout(), 3)
                .ok()
                .map(File::from),
        })
    }

    /// Lets happen what is to happen before a method; gives what is to happen after it.
    pub fn before(
        &self,
        cloud: &Cloud,
        context: &Context,
        call: &Call,
    ) -> Result<Vec<Effect>, Failed> {
        let mut after = Vec::new();
        for fault in self.take(cloud, call)? {
            match fault.effect {
                Effect::Transient => return Err(transient()),
                Effect::Quota => return Err(quota()),
                Effect::Unauthorized => return Err(unauthorized()),
                Effect::Slow => wait(context, fault.seconds.unwrap_or(5.0))?,
                Effect::CrashBefore => die(),
                Effect::Garbage => self.garbage(),
                effect @ (Effect::CrashAfter | Effect::Lose) => after.push(effect),
            }
        }
        Ok(after)
    }

    /// Takes the faults of a call, each at most once.
    fn take(&self, cloud: &Cloud, call: &Call) -> Result<Vec<Fault>, Failed> {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = take_from(&mut own, call);
        if self.path.exists() {
            let _lock = cloud.lock()?;
            let mut list: Vec<Fault> = read_file(&self.path)?.unwrap_or_default();
            let found = take_from(&mut list, call);
            if !found.is_empty() {
                replace_file(&self.path, &list)?;
            }
            taken.extend(found);
        }
        Ok(taken)
    }

    fn garbage(&self) {
        if let Some(mut output) = self.output.as_ref() {
            // Whoever does not read it any more has other troubles.
            let _ = output.write_all(b"Cloud says: have a nice day\n");
        }
    }
}

fn take_from(list: &mut Vec<Fault>, call: &Call) -> Vec<Fault> {
    let mut taken = Vec::new();
    for fault in list.iter_mut().filter(|fault| fault.fits(call)) {
        taken.push(fault.clone());
        fault.times = fault.times.map(|times| times.saturating_sub(1));
    }
    list.retain(|fault| fault.times != Some(0));
    taken
}

impl Fault {
    fn fits(&self, call: &Call) -> bool {
        let fits = |wanted: &Option<String>, is: &str| wanted.as_deref().is_none_or(|it| it == is);
        fits(&self.method, call.method)
            && fits(&self.kind, call.kind)
            && fits(&self.name, call.name)
    }
}

fn transient() -> Failed {
    Failed::transient("the cloud is busy (503)").hint("try again")
}

fn quota() -> Failed {
    Failed::new("the account may have no more of this").hint("ask the cloud for a higher quota")
}

fn unauthorized() -> Failed {
    Failed::unauthorized("the cloud refuses the credentials (401)")
}

fn wait(context: &Context, seconds: f64) -> Result<(), Failed> {
    let end = Instant::now() + Duration::try_from_secs_f64(seconds).unwrap_or_default();
    while Instant::now() < end {
        context.stop_if_cancelled()?;
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// Ends the provider as a defect would, or the kernel that is out of memory.
pub fn die() -> ! {
    let _ = kill_process(getpid(), Signal::KILL);
    std::process::abort()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREATE: Call = Call {
        method: "create",
        kind: "neatcloud",
        name: "web",
    };

    fn effects(list: &mut Vec<Fault>, call: &Call) -> Vec<Effect> {
        let taken = take_from(list, call);
        taken.iter().map(|fault| fault.effect).collect()
    }

    #[test]
    fn a_fault_happens_as_often_as_it_says_and_where_it_fits() {
        let text = r#"[
            { "method": "create", "type": "neatcloud", "name": "web", "fault": "transient", "times": 2 },
            { "method": "create", "name": "db", "fault": "quota" },
            { "fault": "slow", "times": null }
        ]"#;
        let mut list: Vec<Fault> = serde_json::from_str(text).unwrap();
        for _ in 0..2 {
            assert_eq!(
                effects(&mut list, &CREATE),
                [Effect::Transient, Effect::Slow]
            );
        }
        assert_eq!(effects(&mut list, &CREATE), [Effect::Slow]);
        assert_eq!(list.len(), 2);
    }

    #[test]
    fn a_fault_that_is_none_is_refused() {
        assert!(serde_json::from_str::<Vec<Fault>>(r#"[{ "fault": "fire" }]"#).is_err());
        assert!(serde_json::from_str::<Vec<Fault>>(r#"[{ "fault": "slow", "on": "x" }]"#).is_err());
    }
}
