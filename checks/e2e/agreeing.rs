//! Whatever happens, the cloud, the state and the network agree in the end.
//!
//! What happens is drawn from a seed, which a failure names: `NIXOPS_TEST_SEED=… NIXOPS_TEST_STEPS=…` does
//! the same again.

use std::{
    collections::BTreeMap,
    env,
    fmt::{self, Write as _},
    io::{self, Write as _},
    str::FromStr,
    thread,
};

use proptest::{
    prelude::*,
    sample::select,
    strategy::ValueTree as _,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use serde_json::json;

use crate::{
    lab::{Lab, Run},
    resources_lab::of_resources,
};

/// A resource of the network.
#[derive(Clone, Debug)]
enum Thing {
    Volume {
        size: u32,
        region: &'static str,
    },
    Token {
        scope: &'static str,
        reads: Option<&'static str>,
        creates_first: bool,
    },
    Key {
        public: u32,
    },
}

/// All names, each of one type.
const VOLUMES: [&str; 3] = ["v0", "v1", "v2"];
const TOKENS: [&str; 3] = ["t0", "t1", "t2"];
const KEYS: [&str; 2] = ["k0", "k1"];

/// What happens.
#[derive(Clone, Debug)]
enum Step {
    /// The network has this from now on, or has it no more.
    Edit(&'static str, Option<Thing>),
    /// It is deployed, with what is obsolete or without.
    Deploy { kills: bool },
    /// A deploy is killed after it has written so many lines.
    KilledDeploy(usize),
    /// A provider dies, before or after what it does, and then comes a deploy.
    Crash(&'static str, &'static str),
    /// Somebody gives a volume another size.
    Drift(&'static str, u32),
    /// Everything is destroyed.
    Destroy,
    /// A destroy is killed after it has written so many lines.
    KilledDestroy(usize),
}

fn thing(name: &'static str) -> BoxedStrategy<Thing> {
    match name.as_bytes()[0] {
        b'v' => (1..5_u32, select(&["north", "south"][..]))
            .prop_map(|(size, region)| Thing::Volume { size, region })
            .boxed(),
        b't' => (
            select(&["read", "write"][..]),
            proptest::option::of(select(&VOLUMES[..])),
            any::<bool>(),
        )
            .prop_map(|(scope, reads, creates_first)| Thing::Token {
                scope,
                reads,
                creates_first,
            })
            .boxed(),
        _ => (0..3_u32).prop_map(|public| Thing::Key { public }).boxed(),
    }
}

fn edit() -> BoxedStrategy<Step> {
    let names = [&VOLUMES[..], &TOKENS, &KEYS].concat();
    select(names)
        .prop_flat_map(|name| (Just(name), proptest::option::weighted(0.7, thing(name))))
        .prop_map(|(name, thing)| Step::Edit(name, thing))
        .boxed()
}

fn step() -> BoxedStrategy<Step> {
    let methods = select(&["create", "update", "delete", "find", "read"][..]);
    let faults = select(&["crashBefore", "crashAfter", "transient", "garbage"][..]);
    prop_oneof![
        12 => edit(),
        3 => any::<bool>().prop_map(|kills| Step::Deploy { kills }),
        3 => (0..6_usize).prop_map(Step::KilledDeploy),
        2 => (methods, faults).prop_map(|(method, fault)| Step::Crash(method, fault)),
        1 => (select(&VOLUMES[..]), 1..5_u32).prop_map(|(name, size)| Step::Drift(name, size)),
        1 => Just(Step::Destroy),
        1 => (0..6_usize).prop_map(Step::KilledDestroy),
    ]
    .boxed()
}

/// The network as it is to be.
#[derive(Default)]
struct Network(BTreeMap<&'static str, Thing>);

impl Network {
    /// Whether something that is read is there.
    fn is_there(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// What the cloud is to have.
    fn things(&self) -> Vec<String> {
        let lines = self.0.iter().map(|(name, thing)| match thing {
            Thing::Volume { size, region } => format!("neatcloudVolumes {name} {size} {region}"),
            Thing::Token {
                scope,
                reads: Some(read),
                ..
            } if self.is_there(read) => {
                format!("neatcloudTokens id of {read} {scope}")
            }
            Thing::Token { scope, .. } => format!("neatcloudTokens {name} {scope}"),
            Thing::Key { .. } => format!("neatcloudSshKeys {name}"),
        });
        let mut lines: Vec<String> = lines.collect();
        lines.sort();
        lines
    }
}

impl fmt::Display for Network {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, thing) in &self.0 {
            match thing {
                Thing::Volume { size, region } => writeln!(
                    formatter,
                    "resources.neatcloudVolumes.{name} = {{ size = {size}; region = \"{region}\"; }};"
                )?,
                Thing::Token {
                    scope,
                    reads,
                    creates_first,
                } => {
                    let mut text = format!(
                        "scope = \"{scope}\"; deployment.lifecycle.createFirst = {creates_first};"
                    );
                    if let Some(read) = reads.filter(|read| self.is_there(read)) {
                        write!(text, " note = resources.neatcloudVolumes.{read}.id;")?;
                    }
                    writeln!(
                        formatter,
                        "resources.neatcloudTokens.{name} = {{ resources, ... }}: {{ {text} }};"
                    )?;
                }
                Thing::Key { public } => writeln!(
                    formatter,
                    "resources.neatcloudSshKeys.{name}.publicKey = \"ssh-ed25519 AAAA{public}\";"
                )?,
            }
        }
        Ok(())
    }
}

impl Lab {
    /// Expects what a deploy that went well is to leave.
    fn is_as(&self, network: &Network, kills: bool) {
        let (things, expected) = (self.things(), network.things());
        if kills {
            assert_eq!(things, expected);
            self.state_agrees();
        } else {
            let missing = expected.iter().filter(|line| !things.contains(line));
            assert_eq!(
                missing.collect::<Vec<_>>(),
                Vec::<&String>::new(),
                "{things:#?}"
            );
        }
    }

    fn take(&self, step: &Step, network: &mut Network) -> Option<Run> {
        const KILLS: [&str; 2] = ["--kill-obsolete", "--yes"];
        match step {
            Step::Edit(name, Some(thing)) => drop(network.0.insert(name, thing.clone())),
            Step::Edit(name, None) => drop(network.0.remove(name)),
            Step::Drift(name, size) => {
                let volume = self.truth().into_iter().find(|(_, thing)| {
                    thing["name"]
                        .as_str()
                        .is_some_and(|full| full.ends_with(&format!("-{name}")))
                });
                if let Some(((_, id), _)) = volume {
                    self.cloud(&["resize", &id, &size.to_string()]);
                }
            }
            Step::Deploy { kills } => {
                let run = self.run_verb("deploy", &KILLS[usize::from(!kills)..]);
                assert_eq!(run.code, Some(0), "{run:#?}");
                self.is_as(network, *kills);
                return Some(run);
            }
            Step::KilledDeploy(lines) => {
                if self.kill_after(*lines, &mut self.verb("deploy", &KILLS)) {
                    return None;
                }
                self.is_as(network, true);
            }
            Step::Crash(method, fault) => {
                self.order_faults(&json!([{ "method": method, "fault": fault }]));
                let run = self.settle();
                self.order_faults(&json!([]));
                if run.code == Some(0) {
                    self.is_as(network, true);
                }
                return Some(run);
            }
            Step::Destroy => {
                let run = self.run_verb("destroy", &["--yes"]);
                assert_eq!(run.code, Some(0), "{run:#?}");
                assert_eq!(self.things(), Vec::<String>::new());
                self.state_agrees();
                return Some(run);
            }
            Step::KilledDestroy(lines) => {
                self.kill_after(*lines, &mut self.verb("destroy", &["--yes"]));
            }
        }
        self.define(&network.to_string());
        None
    }
}

/// What a variable says, or something else.
pub fn said<T: FromStr>(variable: &str, otherwise: T) -> T {
    let said = env::var(variable).ok();
    said.and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// What has happened so far, which is told if it does not end well.
pub struct Story(pub String);

impl Story {
    /// One that begins with what makes it happen again.
    pub fn of(seed: u64, steps: usize) -> Self {
        Self(format!(
            "NIXOPS_TEST_SEED={seed} NIXOPS_TEST_STEPS={steps}\n"
        ))
    }
}

impl Drop for Story {
    fn drop(&mut self) {
        if thread::panicking() {
            let _ = io::stderr().write_all(self.0.as_bytes());
        }
    }
}

/// What makes the same choices whenever it is given the same seed.
pub fn runner(seed: u64) -> TestRunner {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    TestRunner::new_with_rng(Config::default(), random)
}

/// Does what a seed says.
fn play(seed: u64, steps: usize) {
    let mut runner = runner(seed);
    let lab = of_resources("");
    let mut network = Network::default();
    let mut story = Story::of(seed, steps);
    // There is something from the first deploy on.
    let first = (0..6).map(|_| edit().new_tree(&mut runner).unwrap().current());
    let first: Vec<Step> = first.chain([Step::Deploy { kills: true }]).collect();
    let more = (0..steps).map(|_| step().new_tree(&mut runner).unwrap().current());
    let steps: Vec<Step> = first.into_iter().chain(more).collect();
    for step in steps.iter().chain(&[Step::Deploy { kills: true }]) {
        writeln!(story.0, "{step:?}").unwrap();
        if let Some(run) = lab.take(step, &mut network) {
            writeln!(story.0, "  {}", run.stderr.replace('\n', "\n  ")).unwrap();
        }
    }
    lab.agrees();
    lab.take(&Step::Destroy, &mut network);
    assert_eq!(lab.recorded().current.len(), 0);
}

#[test]
fn edits_deploys_kills_and_destroys_leave_the_cloud_the_state_and_the_network_in_agreement() {
    play(said("NIXOPS_TEST_SEED", 1), said("NIXOPS_TEST_STEPS", 40));
}

#[test]
fn they_do_so_by_another_seed_too() {
    play(said("NIXOPS_TEST_SEED", 2), said("NIXOPS_TEST_STEPS", 40));
}
