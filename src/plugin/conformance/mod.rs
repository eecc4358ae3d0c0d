//! Runs a provider through the protocol, and says what it does wrong.
//!
//! Checks are independent: each group starts a provider of its own, so one that breaks down in a check
//! is judged by the next one all the same. Nothing is made, changed or deleted unless the caller says
//! so, and what was made is deleted again even if a check in between fails.

mod life;
mod manners;
mod report;
mod samples;
mod schemas;

pub use report::{Check, Outcome, Report};

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use camino::Utf8PathBuf;
use nixops_plugin::protocol::{Attributes, ResourceRef};
use serde_json::Value;

use super::{
    Origin, Provider,
    provider::{Error, Fault, Listener, Subject, absolute},
};
use crate::process::Processes;
use report::{Recorder, Trouble, Verdict};

/// How long a provider may take to end when its input closes.
const ENDS_WITHIN: Duration = Duration::from_secs(5);

/// The provider that is tried.
#[derive(Clone)]
pub struct Target {
    /// Whose children it is among.
    pub processes: Processes,
    /// Its plugin.
    pub origin: Origin,
    /// Its program.
    pub program: Utf8PathBuf,
    /// Hears what it says beside its answers.
    pub listener: Listener,
}

/// What to try.
#[derive(Clone, Debug)]
pub struct Options {
    /// Schema files that the plugin ships, by type; they are compared with what the provider says.
    pub schemas: BTreeMap<String, Value>,
    /// Resources to try, by type.
    pub samples: BTreeMap<String, Sample>,
    /// Whether the samples may be made, changed and deleted for real.
    pub mutate: bool,
    /// How long an answer may take.
    pub limit: Duration,
}

/// A resource to try.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    /// Inputs that are right.
    pub inputs: Attributes,
    /// Other inputs that are right, to which it can be changed.
    pub changed: Option<Attributes>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            schemas: BTreeMap::new(),
            samples: BTreeMap::new(),
            mutate: false,
            limit: Duration::from_mins(1),
        }
    }
}

/// Tries a provider.
pub fn run(target: &Target, options: &Options) -> Report {
    watch(target, options, &mut |_| {})
}

/// Tries a provider, and tells of each check as soon as it is made.
pub fn watch(target: &Target, options: &Options, told: &mut dyn FnMut(&Check)) -> Report {
    let report = Report::default();
    let mut tester = Tester {
        target,
        options,
        report: Recorder { report, told },
        stray: None,
    };
    let greeted = tester.start().map(drop);
    let greets = greeted.is_ok();
    tester.report.add("it starts and greets", greeted);
    if greets {
        tester.schemas();
        tester.manners();
        for (of_type, sample) in &options.samples {
            tester.sample(of_type, sample);
        }
        tester.ending();
    }
    tester.report.report
}

struct Tester<'a> {
    target: &'a Target,
    options: &'a Options,
    report: Recorder<'a>,
    stray: Option<Fault>,
}

impl Tester<'_> {
    /// Starts the provider anew.
    fn start(&self) -> Verdict<Provider> {
        let Target {
            processes,
            origin,
            program,
            listener,
        } = self.target;
        Ok(Provider::start(
            processes,
            origin.clone(),
            program,
            Arc::clone(listener),
        )?)
    }

    fn subject(&self) -> Arc<Subject> {
        Arc::new(Subject {
            origin: self.target.origin.clone(),
            program: absolute(&self.target.program),
        })
    }

    /// Makes a check with a provider of its own.
    fn check(&mut self, name: impl Into<String>, check: impl FnOnce(&Self, &Provider) -> Verdict) {
        let verdict = self.start().and_then(|provider| {
            let verdict = check(self, &provider);
            self.close(&provider);
            verdict
        });
        self.report.add(name, verdict);
    }

    /// Closes a provider, and keeps what it wrote that is no message.
    fn close(&mut self, provider: &Provider) {
        if let Err(Error::Closing { fault, .. }) = provider.close(ENDS_WITHIN)
            && !fault.is_end()
        {
            self.stray.get_or_insert(fault);
        }
    }

    fn ending(&mut self) {
        self.check("it ends when its input closes", |tester, provider| {
            provider.schema(tester.options.limit)?;
            match provider.close(ENDS_WITHIN) {
                Err(Error::Closing { fault, .. }) if !fault.is_end() => Ok(()),
                closed => Ok(closed?),
            }
        });
        let stray = self.stray.take().map(|fault| format!("it {fault}"));
        let verdict = stray.map_or(Ok(()), |reason| Err(Trouble::Failed(reason)));
        self.report.add("it writes nothing but messages", verdict);
    }
}

/// A resource of the type.
fn resource(of_type: &str) -> ResourceRef {
    ResourceRef {
        kind: of_type.to_owned(),
        name: "conformance".to_owned(),
        deployment: "00000000-0000-4000-8000-000000000000".to_owned(),
    }
}
