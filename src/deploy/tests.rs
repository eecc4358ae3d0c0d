//! The pipeline with work that only notes what it is asked to do.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Barrier, Mutex};
use std::thread;
use std::time::Duration;

use camino::Utf8PathBuf;
use serde_json::json;

use super::conductor::conduct;
use super::trouble::{Trouble, diagnostic};
use super::work::{Activation, Begun, Ended, Freight, Provided, Reach, Work};
use super::{Limits, Mutation, Reboot, Request};
use crate::evaluator::{Evaluated, Whereabouts};
use crate::host::{AtWork, Priority, Turns};
use crate::network::{KeyTexts, Machine, MachineOptions};
use crate::nix::{BuildOptions, CopyEvent, CopyProgress};
use crate::plan::{Copied, Extent, Goal, Outcome, Rollout, Running, Step, Summary};
use crate::ui::Screen;

const SWITCH: Extent = Extent::Activate(Goal::Switch);

/// Notes what it is asked to do, and fails where it is told to.
#[derive(Default)]
struct Notes {
    done: Mutex<Vec<(String, Step)>>,
    running: BTreeMap<String, Running>,
    provided: Option<Provided>,
    noted: Mutex<Vec<String>>,
    confirmed: Mutex<Vec<String>>,
    untried: bool,
    refused: Mutex<Vec<String>>,
    remembered: Mutex<Vec<String>>,
    away: Vec<&'static str>,
    sick: Vec<&'static str>,
    shared: Mutex<Vec<String>>,
    there: Mutex<Vec<String>>,
    freights: Mutex<Vec<Freight>>,
    fails: Vec<(&'static str, Step)>,
    activation: BTreeMap<String, Activation>,
    panics: Option<&'static str>,
    interrupted: AtomicBool,
    interrupts_at: Option<(&'static str, Step)>,
    meets_at: Option<(Step, Barrier)>,
    has_keys: bool,
    shares_store: bool,
    keys: Mutex<Vec<&'static str>>,
    copies: AtomicUsize,
    most_copies: AtomicUsize,
}

impl Notes {
    fn note(&self, machine: &str, step: Step) -> Result<(), Trouble> {
        self.done.lock().unwrap().push((machine.to_owned(), step));
        if let Some((at, barrier)) = &self.meets_at
            && *at == step
        {
            barrier.wait();
        }
        if self.interrupts_at.is_some_and(|at| at == (machine, step)) {
            self.interrupted.store(true, Ordering::SeqCst);
            return Err(Trouble::Interrupted);
        }
        if self
            .fails
            .iter()
            .any(|(name, at)| *name == machine && *at == step)
        {
            return Err(Trouble::new("no", None));
        }
        Ok(())
    }

    fn steps(&self, machine: &str) -> Vec<Step> {
        let done = self.done.lock().unwrap();
        done.iter()
            .filter(|(name, _)| name == machine)
            .map(|(_, step)| *step)
            .collect()
    }
}

impl Work for Notes {
    type Host = ();
    type Trial = Activation;

    fn provided(&self, _: &str, _: &MachineOptions) -> Result<Provided, Trouble> {
        Ok(self.provided.clone().unwrap_or_default())
    }

    fn allow(&self, _: &Machine) -> Result<(), Trouble> {
        Ok(())
    }

    fn share(&self, _: &Mutation, machine: &str, (): &()) -> Result<(), Trouble> {
        self.shared.lock().unwrap().push(machine.to_owned());
        Ok(())
    }

    fn at_work(&self) -> AtWork {
        Turns::new(NonZeroUsize::MIN).at_work()
    }

    fn is_settled(&self, machine: &str, _: &MachineOptions, _: &str) -> bool {
        self.noted.lock().unwrap().iter().any(|it| it == machine)
    }

    fn is_noted(&self, machine: &Machine) -> Result<bool, Trouble> {
        Ok(self.noted.lock().unwrap().contains(&machine.name))
    }

    fn note(&self, _: &Mutation, machine: &Machine, _: bool) -> Result<(), Trouble> {
        self.noted.lock().unwrap().push(machine.name.clone());
        Ok(())
    }

    fn unsettle(&self, _: &Mutation, _: &Machine) -> Result<(), Trouble> {
        Ok(())
    }

    fn remember(
        &self,
        _: &Mutation,
        machine: &str,
        _: Option<&MachineOptions>,
        outcome: &Outcome,
    ) -> Result<(), Trouble> {
        let remembered = format!("{machine}: {outcome}");
        self.remembered.lock().unwrap().push(remembered);
        Ok(())
    }

    fn connect(
        &self,
        machine: &str,
        _: &MachineOptions,
        _: (&Reach, Priority),
    ) -> Result<((), Running), Trouble> {
        self.note(machine, Step::Connect)?;
        if self.away.contains(&machine) {
            let message = "the host does not answer (10.0.0.1)\nssh: timed out";
            return Err(Trouble::Unreachable(diagnostic(message, None)));
        }
        Ok(((), self.running.get(machine).cloned().unwrap_or_default()))
    }

    fn is_built(&self, _: &Machine) -> Result<bool, Trouble> {
        Ok(false)
    }

    fn build(&self, _: &Mutation, machine: &Machine) -> Result<(), Trouble> {
        assert_ne!(self.panics, Some(machine.name.as_str()), "a defect");
        self.note(&machine.name, Step::Build)
    }

    fn build_there(&self, _: &Mutation, machine: &Machine, (): &()) -> Result<(), Trouble> {
        self.there.lock().unwrap().push(machine.name.clone());
        self.note(&machine.name, Step::Build)
    }

    fn shares_store(&self, _: &Machine, (): &()) -> Result<bool, Trouble> {
        Ok(self.shares_store)
    }

    fn copy(
        &self,
        _: &Mutation,
        machine: &Machine,
        ((), freight): (&(), Freight),
        tell: &mut dyn FnMut(CopyEvent),
    ) -> Result<(), Trouble> {
        self.freights.lock().unwrap().push(freight);
        tell(CopyEvent::Sent(CopyProgress {
            bytes: 10,
            bytes_expected: 10,
            paths: 2,
            paths_expected: 2,
        }));
        let now = self.copies.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_copies.fetch_max(now, Ordering::SeqCst);
        thread::sleep(Duration::from_millis(5));
        self.copies.fetch_sub(1, Ordering::SeqCst);
        self.note(&machine.name, Step::Copy)
    }

    fn activate(
        &self,
        _: &Mutation,
        machine: &Machine,
        (): &(),
        _: Goal,
        line: &mut dyn FnMut(&str),
    ) -> Result<Begun<Self>, Trouble> {
        line("activating the configuration...");
        self.note(&machine.name, Step::Activate)?;
        let activation = self.activation.get(&machine.name).cloned();
        Ok(match activation {
            Some(activation @ Activation::RolledBack(_)) => {
                let host = ();
                Begun::Ended(Ended { activation, host })
            }
            activation if self.untried => {
                let (activation, host) = (activation.unwrap_or(Activation::Done), ());
                Begun::Ended(Ended { activation, host })
            }
            activation => Begun::Trial(activation.unwrap_or(Activation::Done)),
        })
    }

    fn confirm(
        &self,
        _: &Mutation,
        machine: &Machine,
        activation: Activation,
        _: &mut dyn FnMut(&str),
    ) -> Result<Ended<()>, Trouble> {
        self.confirmed.lock().unwrap().push(machine.name.clone());
        let host = ();
        Ok(Ended { activation, host })
    }

    fn connection<'t>(&self, _: &'t Activation) -> &'t () {
        &()
    }

    fn meanwhile(
        &self,
        _: &Activation,
        work: &mut dyn FnMut() -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        work()
    }

    fn refuse(
        &self,
        _: &Mutation,
        machine: &Machine,
        _: Activation,
        _: &mut dyn FnMut(&str),
    ) -> Result<Ended<()>, Trouble> {
        self.refused.lock().unwrap().push(machine.name.clone());
        let activation = Activation::RolledBack(diagnostic("refused", None));
        Ok(Ended {
            activation,
            host: (),
        })
    }

    fn reboot(&self, _: &Mutation, machine: &Machine, (): &()) -> Result<(), Trouble> {
        self.note(&machine.name, Step::Reboot)
    }

    fn learn_keys(&self, _: String, _: KeyTexts) {}

    fn has_keys(&self, _: &Machine, (): &()) -> bool {
        self.has_keys
    }

    fn put_keys(&self, _: &Mutation, machine: &Machine, (): &()) -> Result<(), Trouble> {
        self.keys.lock().unwrap().push("put");
        self.note(&machine.name, Step::Keys)
    }

    fn settle_keys(&self, _: &Mutation, _: &Machine, (): &()) -> Result<(), Trouble> {
        self.keys.lock().unwrap().push("settle");
        Ok(())
    }

    fn withdraw_keys(&self, _: &Mutation, (): &()) -> Result<(), Trouble> {
        self.keys.lock().unwrap().push("withdraw");
        Ok(())
    }

    fn send_keys(&self, _: &Mutation, _: &Machine, (): &()) -> Result<Outcome, Trouble> {
        self.keys.lock().unwrap().push("send");
        Ok(Outcome::Unchanged)
    }

    fn healthy(&self, _: &Mutation, machine: &Machine, (): &()) -> Result<(), Trouble> {
        if self.sick.contains(&machine.name.as_str()) {
            return Err(Trouble::new("health check web: no", None));
        }
        Ok(())
    }

    fn interrupted(&self) -> bool {
        self.interrupted.load(Ordering::SeqCst)
    }
}

fn units() -> Vec<String> {
    vec!["nginx.service".to_owned()]
}

fn options() -> MachineOptions {
    serde_json::from_value(json!({
        "targetEnv": "none", "targetHost": "host", "targetPort": 22, "targetUser": "root",
        "sshOptions": [], "privilegeEscalationCommand": [], "alwaysActivate": false,
        "owners": [], "keys": {}, "hasFastConnection": false, "provisionSSHKey": false,
        "nixosRelease": "26.05", "publicIPv4": null, "tags": [], "buildOnTarget": false,
        "substituteOnDestination": true, "copyProtocol": "ssh",
        "healthChecks": {
            "web": { "from": "host", "timeout": 1, "retries": 0, "interval": 1, "kind": "unit", "unit": "web" },
        },
    }))
    .unwrap()
}

fn machine(name: &str) -> Machine {
    Machine {
        name: name.to_owned(),
        options: options(),
        derivation: format!("/nix/store/aaa-nixos-{name}.drv"),
        system: system(name),
    }
}

fn system(name: &str) -> String {
    format!("/nix/store/bbb-nixos-{name}")
}

fn request(extent: Extent, machines: &[&str]) -> Request {
    Request {
        skipped: BTreeMap::new(),
        machines: machines.iter().map(ToString::to_string).collect(),
        extent,
        always_activate: false,
        reboot: Reboot::Never,
        reboot_timeout: Duration::from_secs(1),
        rollout: Rollout::default(),
        skip_unreachable: false,
        limits: Limits::default(),
        build: BuildOptions::default(),
        build_on_target: None,
        roots: Utf8PathBuf::from("/nowhere"),
        keeps_last: true,
    }
}

fn evaluate(sender: &Sender<Evaluated>, name: &str) {
    let machine = || name.to_owned();
    sender
        .send(Evaluated::Begun { machine: machine() })
        .unwrap();
    let target = Evaluated::Target {
        whereabouts: Whereabouts::default(),
        machine: machine(),
        options: Box::new(options()),
        system: None,
    };
    sender.send(target).unwrap();
    sender
        .send(Evaluated::Machine(Box::new(self::machine(name))))
        .unwrap();
}

/// Deploys with a stream that is written before anything begins.
fn deploy_with(
    notes: &Notes,
    request: &Request,
    stream: impl FnOnce(&Sender<Evaluated>),
) -> Summary {
    let screen = Screen::silent();
    let (sender, receiver) = mpsc::channel();
    stream(&sender);
    drop(sender);
    conduct(request, &receiver, notes, &screen.ui())
}

fn deploy(notes: &Notes, extent: Extent, machines: &[&str]) -> Summary {
    deploy_with(notes, &request(extent, machines), |sender| {
        for name in machines {
            evaluate(sender, name);
        }
    })
}

fn outcome<'a>(summary: &'a Summary, machine: &str) -> &'a Outcome {
    &summary.machines[machine].outcome
}

fn failed_step(summary: &Summary, machine: &str) -> Step {
    match outcome(summary, machine) {
        Outcome::Failed { step, .. } => *step,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_machine_takes_every_step_in_order() {
    let notes = Notes::default();
    let summary = deploy(&notes, SWITCH, &["web"]);
    assert_eq!(*outcome(&summary, "web"), Outcome::Activated);
    let steps = [Step::Connect, Step::Build, Step::Copy, Step::Activate];
    assert_eq!(notes.steps("web"), steps);
    let timed: Vec<Step> = summary.machines["web"].seconds.keys().copied().collect();
    assert_eq!(timed[0], Step::Evaluate);
    assert_eq!(timed[1..], steps);
    assert_eq!(summary.machines["web"].system, Some(system("web")));
    let copied = Copied {
        paths: 2,
        bytes: 10,
    };
    assert_eq!(summary.machines["web"].copied, Some(copied));
    assert_eq!(summary.totals.copied, copied);
}

#[test]
fn a_machine_that_builds_its_own_system_gets_its_derivation_and_no_copy() {
    let go = |extent, asked| {
        let notes = Notes::default();
        let request = Request {
            build_on_target: asked,
            ..request(extent, &["web"])
        };
        let summary = deploy_with(&notes, &request, |sender| evaluate(sender, "web"));
        let there = !notes.there.lock().unwrap().is_empty();
        let freights = notes.freights.lock().unwrap().clone();
        let last = notes.steps("web").pop();
        (outcome(&summary, "web").clone(), there, freights, last)
    };
    let (outcome, there, freights, _) = go(SWITCH, Some(true));
    assert_eq!((outcome, there), (Outcome::Activated, true));
    assert_eq!(freights, [Freight::Derivation]);
    let (outcome, there, _, last) = go(Extent::BuildOnly, Some(true));
    assert_eq!((outcome, there), (Outcome::Built, true));
    assert_eq!(last, Some(Step::Build));
    let (_, there, freights, _) = go(SWITCH, Some(false));
    assert_eq!((there, freights), (false, vec![Freight::System]));
}

#[test]
fn an_unchanged_machine_is_only_looked_at() {
    let current = Some(system("web"));
    let running = Running {
        system: current.clone(),
        profile: current,
        unfinished: false,
    };
    let notes = Notes {
        running: [("web".to_owned(), running)].into(),
        ..Notes::default()
    };
    let summary = deploy(&notes, SWITCH, &["web"]);
    assert_eq!(*outcome(&summary, "web"), Outcome::Unchanged);
    assert_eq!(notes.steps("web"), [Step::Connect]);
    let always = Request {
        always_activate: true,
        ..request(SWITCH, &["web"])
    };
    let summary = deploy_with(&notes, &always, |sender| evaluate(sender, "web"));
    assert_eq!(*outcome(&summary, "web"), Outcome::Activated);
    assert_eq!(notes.steps("web")[1..], [Step::Connect, Step::Activate]);
}

#[test]
fn an_extent_ends_where_it_says() {
    let extents = [
        (
            Extent::DryRun,
            Outcome::WouldChange {
                machine: None,
                build: true,
                copy: true,
                activate: true,
            },
            1,
        ),
        (Extent::BuildOnly, Outcome::Built, 1),
        (Extent::CopyOnly, Outcome::Copied, 3),
        (
            Extent::Activate(Goal::DryActivate),
            Outcome::DryActivated,
            4,
        ),
    ];
    for (extent, expected, steps) in extents {
        let notes = Notes::default();
        let summary = deploy(&notes, extent, &["web"]);
        assert_eq!(*outcome(&summary, "web"), expected);
        assert_eq!(notes.steps("web").len(), steps, "{extent:?}");
    }
    let notes = Notes::default();
    deploy(&notes, Extent::BuildOnly, &["web"]);
    assert_eq!(notes.steps("web"), [Step::Build]);
}

#[test]
fn a_failure_stops_its_own_machine_only() {
    let fails = vec![
        ("a", Step::Connect),
        ("b", Step::Build),
        ("c", Step::Copy),
        ("d", Step::Activate),
    ];
    let notes = Notes {
        fails,
        ..Notes::default()
    };
    let summary = deploy(&notes, SWITCH, &["a", "b", "c", "d", "e"]);
    assert_eq!(*outcome(&summary, "e"), Outcome::Activated);
    let failed = ["a", "b", "c", "d"].map(|name| failed_step(&summary, name));
    assert_eq!(
        failed,
        [Step::Connect, Step::Build, Step::Copy, Step::Activate]
    );
    assert_eq!(notes.steps("b"), [Step::Connect, Step::Build]);
    assert_eq!(summary.exit_code(), 1);
}

#[test]
fn the_result_of_an_activation_is_told_as_what_it_is() {
    let activation = [
        ("a".to_owned(), Activation::UnitsFailed(units())),
        ("b".to_owned(), Activation::RebootRequired),
    ];
    let notes = Notes {
        activation: activation.into(),
        ..Notes::default()
    };
    let summary = deploy(&notes, SWITCH, &["a", "b"]);
    let units_failed = Outcome::UnitsFailed { units: units() };
    assert_eq!(*outcome(&summary, "a"), units_failed);
    assert_eq!(*outcome(&summary, "b"), Outcome::RebootRequired);
}

#[test]
fn there_is_no_barrier_between_machines() {
    // Both must be connecting while neither is evaluated: a pipeline that waits would hang here.
    let meets_at = Some((Step::Connect, Barrier::new(3)));
    let notes = Notes {
        meets_at,
        ..Notes::default()
    };
    let request = request(Extent::CopyOnly, &["a", "b"]);
    let screen = Screen::silent();
    let (sender, receiver) = mpsc::channel();
    let summary = thread::scope(|scope| {
        let notes = &notes;
        scope.spawn(move || {
            for name in ["a", "b"] {
                let machine = name.to_owned();
                sender
                    .send(Evaluated::Target {
                        machine,
                        options: Box::new(options()),
                        whereabouts: Whereabouts::default(),
                        system: None,
                    })
                    .unwrap();
            }
            notes.meets_at.as_ref().unwrap().1.wait();
            for name in ["b", "a"] {
                sender
                    .send(Evaluated::Machine(Box::new(machine(name))))
                    .unwrap();
            }
        });
        conduct(&request, &receiver, notes, &screen.ui())
    });
    assert_eq!(summary.totals.changed, 2);
}

#[test]
fn copies_keep_to_their_limit() {
    let names: Vec<String> = (0..12).map(|index| format!("m{index}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut request = request(Extent::CopyOnly, &names);
    request.limits.copy = 3.try_into().unwrap();
    let notes = Notes::default();
    let summary = deploy_with(&notes, &request, |sender| {
        for name in &names {
            evaluate(sender, name);
        }
    });
    assert_eq!(summary.totals.changed, 12);
    assert!(notes.most_copies.load(Ordering::SeqCst) <= 3);
}

#[test]
fn what_evaluation_says_of_a_machine_is_its_result() {
    let notes = Notes::default();
    let request = request(SWITCH, &["broken", "forgotten", "web"]);
    let summary = deploy_with(&notes, &request, |sender| {
        let diagnostic = diagnostic("infinite recursion", None);
        sender
            .send(Evaluated::Failed {
                machine: "broken".to_owned(),
                diagnostic,
                unknown: None,
            })
            .unwrap();
        evaluate(sender, "web");
    });
    assert_eq!(failed_step(&summary, "broken"), Step::Evaluate);
    assert_eq!(failed_step(&summary, "forgotten"), Step::Evaluate);
    assert_eq!(*outcome(&summary, "web"), Outcome::Activated);
}

/// A machine that a backend makes, in an extent.
fn deploy_of_backend(notes: &Notes, extent: Extent) -> Summary {
    deploy_with(notes, &request(extent, &["web"]), |sender| {
        let mut machine = machine("web");
        machine.options.target_env = "neatcloud".to_owned();
        sender.send(Evaluated::Machine(Box::new(machine))).unwrap();
    })
}

#[test]
fn a_machine_that_was_not_made_is_not_tried_and_says_why() {
    let notes = Notes::default();
    let because = "neatcloud.web failed".to_owned();
    let request = Request {
        skipped: BTreeMap::from([("web".to_owned(), because.clone())]),
        ..request(SWITCH, &["db"])
    };
    let summary = deploy_with(&notes, &request, |sender| evaluate(sender, "db"));
    assert_eq!(*outcome(&summary, "web"), Outcome::Skipped { because });
    assert_eq!(*outcome(&summary, "db"), Outcome::Activated);
    assert_eq!(notes.steps("web"), []);
    assert_eq!(summary.exit_code(), 1);
}

#[test]
fn what_a_machine_runs_is_noted_and_what_a_test_activated_is_not() {
    let notes = Notes::default();
    deploy_of_backend(&notes, SWITCH);
    assert_eq!(*notes.noted.lock().unwrap(), ["web"]);
    assert_eq!(*notes.shared.lock().unwrap(), ["web"]);
    let notes = Notes::default();
    deploy_of_backend(&notes, Extent::Activate(Goal::Test));
    assert!(notes.noted.lock().unwrap().is_empty());
}

#[test]
fn a_dry_run_says_that_a_machine_would_be_made_and_connects_to_nothing() {
    let notes = Notes {
        provided: Some(Provided {
            reach: Reach::Nowhere,
            would: Some("create the machine".to_owned()),
        }),
        ..Notes::default()
    };
    let summary = deploy_of_backend(&notes, Extent::DryRun);
    let text = outcome(&summary, "web").to_string();
    assert_eq!(text, "would create the machine, build, copy, activate");
    assert_eq!(notes.steps("web"), []);
}

#[test]
fn nothing_is_copied_to_this_computer_unless_its_store_is_another_one() {
    let steps = |shares_store, extent| {
        let notes = Notes {
            provided: Some(Provided {
                reach: Reach::Local,
                would: None,
            }),
            shares_store,
            ..Notes::default()
        };
        let text = outcome(&deploy_of_backend(&notes, extent), "web").to_string();
        (notes.steps("web"), text)
    };
    let (done, _) = steps(true, SWITCH);
    assert_eq!(done, [Step::Connect, Step::Build, Step::Activate]);
    let (done, _) = steps(false, SWITCH);
    assert!(done.contains(&Step::Copy), "{done:?}");
    let (_, text) = steps(true, Extent::DryRun);
    assert_eq!(text, "would build, activate");
}

#[test]
fn what_went_back_is_neither_confirmed_nor_noted_nor_a_success() {
    let because = diagnostic("units failed", None);
    let went_back = Activation::RolledBack(because.clone());
    let notes = Notes {
        activation: BTreeMap::from([("web".to_owned(), went_back)]),
        ..Notes::default()
    };
    let summary = deploy_with(&notes, &request(SWITCH, &["db", "web"]), |sender| {
        evaluate(sender, "db");
        evaluate(sender, "web");
    });
    let diagnostic = because;
    assert_eq!(
        *outcome(&summary, "web"),
        Outcome::RolledBack { diagnostic }
    );
    assert_eq!(*notes.confirmed.lock().unwrap(), ["db"]);
    assert_eq!(*notes.noted.lock().unwrap(), ["db"]);
    assert_eq!((summary.totals.rolled_back, summary.exit_code()), (1, 1));
}

#[test]
fn a_host_is_booted_where_that_is_needed_and_allowed_or_asked_for() {
    let rebooted = |reboot, activation: Activation| {
        let notes = Notes {
            activation: BTreeMap::from([("web".to_owned(), activation)]),
            ..Notes::default()
        };
        let request = Request {
            reboot,
            ..request(SWITCH, &["web"])
        };
        let summary = deploy_with(&notes, &request, |sender| evaluate(sender, "web"));
        let booted = notes.steps("web").contains(&Step::Reboot);
        (booted, outcome(&summary, "web").clone())
    };
    let needed = || Activation::RebootRequired;
    assert_eq!(
        rebooted(Reboot::Never, needed()),
        (false, Outcome::RebootRequired)
    );
    assert_eq!(
        rebooted(Reboot::IfNeeded, needed()),
        (true, Outcome::Activated)
    );
    assert!(!rebooted(Reboot::IfNeeded, Activation::Done).0);
    assert!(rebooted(Reboot::Always, Activation::Done).0);
}

/// What is done with keys when `web` is deployed.
fn keys_in(notes: Notes, request: &Request) -> Vec<&'static str> {
    let notes = Notes {
        has_keys: true,
        ..notes
    };
    deploy_with(&notes, request, |sender| evaluate(sender, "web"));
    notes.keys.into_inner().unwrap()
}

#[test]
fn keys_are_replaced_once_the_system_is_confirmed_and_staged_ones_go_with_one_that_is_not() {
    let of = |extent| request(extent, &["web"]);
    assert_eq!(keys_in(Notes::default(), &of(SWITCH)), ["put", "settle"]);
    let went_back = Activation::RolledBack(diagnostic("units failed", None));
    let notes = Notes {
        activation: BTreeMap::from([("web".to_owned(), went_back)]),
        ..Notes::default()
    };
    assert_eq!(keys_in(notes, &of(SWITCH)), ["put", "withdraw"]);
    let notes = Notes {
        fails: vec![("web", Step::Activate)],
        ..Notes::default()
    };
    assert_eq!(keys_in(notes, &of(SWITCH)), ["put", "withdraw"]);
    let notes = Notes {
        fails: vec![("web", Step::Keys)],
        ..Notes::default()
    };
    assert_eq!(keys_in(notes, &of(SWITCH)), ["put"]);
    let boot = Extent::Activate(Goal::Boot);
    assert_eq!(keys_in(Notes::default(), &of(boot)), ["put", "withdraw"]);
    let reboot = Request {
        reboot: Reboot::Always,
        ..of(boot)
    };
    assert_eq!(
        keys_in(Notes::default(), &reboot),
        ["put", "settle", "send"]
    );
}

#[test]
fn an_unchanged_machine_gets_its_keys_and_who_only_looks_sends_none() {
    let unchanged = |extent| {
        let running = Running {
            system: Some(system("web")),
            profile: Some(system("web")),
            unfinished: false,
        };
        let notes = Notes {
            running: BTreeMap::from([("web".to_owned(), running)]),
            ..Notes::default()
        };
        keys_in(notes, &request(extent, &["web"]))
    };
    assert_eq!(unchanged(SWITCH), ["send"]);
    let nothing = Vec::<&str>::new();
    for extent in [
        Extent::DryRun,
        Extent::BuildOnly,
        Extent::CopyOnly,
        Extent::Activate(Goal::DryActivate),
    ] {
        assert_eq!(unchanged(extent), nothing, "{extent:?}");
        let changed = keys_in(Notes::default(), &request(extent, &["web"]));
        assert_eq!(changed, nothing, "{extent:?}");
    }
}

#[test]
fn an_interrupt_ends_every_machine_and_says_what_may_go_on() {
    let interrupts_at = Some(("web", Step::Activate));
    let notes = Notes {
        interrupts_at,
        ..Notes::default()
    };
    let request = request(SWITCH, &["late", "web"]);
    let screen = Screen::silent();
    let (sender, receiver) = mpsc::channel();
    evaluate(&sender, "web");
    // The sender stays, as that of an evaluation which does not notice.
    let summary = conduct(&request, &receiver, &notes, &screen.ui());
    drop(sender);
    let interrupted = |step, may_go_on| Outcome::Interrupted {
        step,
        may_go_on,
        went_back: false,
    };
    assert_eq!(*outcome(&summary, "web"), interrupted(Step::Activate, true));
    assert_eq!(
        *outcome(&summary, "late"),
        interrupted(Step::Evaluate, false)
    );
    assert_eq!(summary.exit_code(), 130);
}

/// Deploys in batches, evaluating the last machine first.
fn roll_out(notes: &Notes, batch: &str, max_fail: Option<&str>, machines: &[&str]) -> Summary {
    let rollout = Rollout {
        batches: batch.parse().unwrap(),
        max_fail: max_fail.map(|text| text.parse().unwrap()),
        atomic: false,
    };
    let request = Request {
        rollout,
        ..request(SWITCH, machines)
    };
    deploy_with(notes, &request, |sender| {
        for name in machines.iter().rev() {
            evaluate(sender, name);
        }
    })
}

/// The machines in the order in which they were activated.
fn activated(notes: &Notes) -> Vec<String> {
    let done = notes.done.lock().unwrap();
    let activated = done.iter().filter(|(_, step)| *step == Step::Activate);
    activated.map(|(name, _)| name.clone()).collect()
}

#[test]
fn machines_are_activated_in_batches() {
    let notes = Notes::default();
    let summary = roll_out(&notes, "1", None, &["a", "b", "c"]);
    assert_eq!(summary.exit_code(), 0);
    assert_eq!(activated(&notes), ["a", "b", "c"]);
}

/// Why a machine went back.
fn went_back(summary: &Summary, machine: &str) -> String {
    match outcome(summary, machine) {
        Outcome::RolledBack { diagnostic } => diagnostic.message.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_machine_that_fails_or_is_sick_keeps_the_next_batch_from_beginning() {
    let failing = Notes {
        fails: vec![("a", Step::Activate)],
        ..Notes::default()
    };
    let sick = Notes {
        sick: vec!["a"],
        ..Notes::default()
    };
    for notes in [failing, sick] {
        let summary = roll_out(&notes, "1,rest", None, &["a", "b", "c"]);
        if notes.sick.is_empty() {
            assert_eq!(failed_step(&summary, "a"), Step::Activate);
        } else {
            let message = "health check web: no; the host went back to what ran before";
            assert_eq!(went_back(&summary, "a"), message);
        }
        let because = "a failed, and no more begin (--max-fail 0)".to_owned();
        assert_eq!(*outcome(&summary, "b"), Outcome::Skipped { because });
        assert_eq!(activated(&notes), ["a"]);
        assert!(notes.noted.lock().unwrap().is_empty());
        let mut remembered = notes.remembered.lock().unwrap().clone();
        remembered.sort();
        assert!(
            ["a: failed to activate", "a: rolled back"].contains(&remembered[0].as_str()),
            "{remembered:?}"
        );
        assert_eq!(remembered.len(), 3);
        assert_eq!(summary.exit_code(), 1);
    }
}

#[test]
fn nobody_waits_for_a_machine_of_which_nothing_is_heard_or_whose_lane_breaks() {
    let notes = Notes {
        panics: Some("b"),
        ..Notes::default()
    };
    let rollout = Rollout {
        batches: "1".parse().unwrap(),
        max_fail: Some("2".parse().unwrap()),
        atomic: false,
    };
    let request = Request {
        rollout,
        ..request(SWITCH, &["a", "b", "c"])
    };
    let summary = deploy_with(&notes, &request, |sender| {
        evaluate(sender, "c");
        evaluate(sender, "b");
    });
    assert_eq!(failed_step(&summary, "a"), Step::Evaluate);
    assert_eq!(failed_step(&summary, "b"), Step::Evaluate);
    assert_eq!(*outcome(&summary, "c"), Outcome::Activated);
}

/// Deploys three machines, all or none, of which no two may be activated at once.
fn all_or_none(notes: &Notes) -> Summary {
    let mut request = Request {
        rollout: Rollout {
            atomic: true,
            ..Rollout::default()
        },
        ..request(SWITCH, &["a", "b", "c"])
    };
    request.limits.activate = 1.try_into().unwrap();
    deploy_with(notes, &request, |sender| {
        for name in ["a", "b", "c"] {
            evaluate(sender, name);
        }
    })
}

#[test]
fn an_atomic_run_confirms_all_machines_or_none() {
    let notes = Notes::default();
    let summary = all_or_none(&notes);
    assert_eq!(summary.totals.changed, 3);
    let notes = Notes {
        sick: vec!["b"],
        ..Notes::default()
    };
    let summary = all_or_none(&notes);
    assert_eq!(notes.confirmed.lock().unwrap().len(), 0);
    assert!(notes.noted.lock().unwrap().is_empty());
    // Whoever was on trial by then goes back, and whoever was not does not begin.
    let refused = notes.refused.lock().unwrap().clone();
    assert!(refused.contains(&"b".to_owned()));
    let because = "b failed, and --atomic activates all or none".to_owned();
    for well in ["a", "c"] {
        if refused.contains(&well.to_owned()) {
            let message = format!("{because}; the host went back to what ran before");
            assert_eq!(went_back(&summary, well), message);
        } else {
            let because = because.clone();
            assert_eq!(*outcome(&summary, well), Outcome::Skipped { because });
        }
    }
    assert!(went_back(&summary, "b").starts_with("health check web: no"));
}

#[test]
fn an_atomic_run_whose_hosts_do_not_go_back_comes_to_its_end_one_by_one() {
    let notes = Notes {
        untried: true,
        ..Notes::default()
    };
    let mut request = request(SWITCH, &["a", "b"]);
    request.rollout.atomic = true;
    request.limits.activate = 1.try_into().unwrap();
    let summary = deploy_with(&notes, &request, |sender| {
        evaluate(sender, "a");
        evaluate(sender, "b");
    });
    assert_eq!(summary.totals.changed, 2);
}

#[test]
fn an_atomic_run_activates_nothing_where_one_machine_is_left_out() {
    let notes = Notes::default();
    let mut request = request(SWITCH, &["a"]);
    request.rollout.atomic = true;
    request.skipped = BTreeMap::from([("b".to_owned(), "neatcloud.b failed".to_owned())]);
    let summary = deploy_with(&notes, &request, |sender| evaluate(sender, "a"));
    let because = "b failed, and --atomic activates all or none".to_owned();
    assert_eq!(*outcome(&summary, "a"), Outcome::Skipped { because });
}

#[test]
fn an_atomic_run_activates_nothing_where_one_machine_fails_before() {
    let notes = Notes {
        fails: vec![("b", Step::Copy)],
        ..Notes::default()
    };
    let summary = all_or_none(&notes);
    assert_eq!(activated(&notes), [""; 0]);
    let because = "b failed, and --atomic activates all or none".to_owned();
    assert_eq!(*outcome(&summary, "a"), Outcome::Skipped { because });
}

#[test]
fn a_host_that_gives_no_sign_is_done_without_only_if_that_was_asked_for() {
    let notes = Notes {
        away: vec!["a"],
        ..Notes::default()
    };
    let summary = deploy(&notes, SWITCH, &["a", "b"]);
    assert_eq!(failed_step(&summary, "a"), Step::Connect);
    let skipping = Request {
        skip_unreachable: true,
        ..request(SWITCH, &["a", "b"])
    };
    let summary = deploy_with(&notes, &skipping, |sender| {
        evaluate(sender, "a");
        evaluate(sender, "b");
    });
    let because = "the host does not answer (10.0.0.1)".to_owned();
    assert_eq!(*outcome(&summary, "a"), Outcome::Unreachable { because });
    assert_eq!(summary.totals.unreachable, 1);
    assert_eq!(summary.exit_code(), 0);
    let remembered = notes.remembered.lock().unwrap();
    let last = remembered.last().unwrap();
    assert_eq!(last, "a: left out: the host does not answer (10.0.0.1)");
}

#[test]
fn what_was_only_tried_is_not_remembered() {
    let notes = Notes {
        fails: vec![("a", Step::Activate)],
        ..Notes::default()
    };
    for extent in [Extent::CopyOnly, Extent::Activate(Goal::Test)] {
        deploy(&notes, extent, &["a"]);
    }
    assert!(notes.remembered.lock().unwrap().is_empty());
}
