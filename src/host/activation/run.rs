//! An activation from here: begun, followed over connections that may break, decided.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use super::super::{Connections, Error, Host, Remote, Result};
use super::{
    order::{ActivationStatus, Ended, Order},
    word::Word,
};
use crate::{process::Stream, state::new_uuid};

/// What runs on the host.
const SCRIPT: &str = include_str!("activate.sh");

/// Opens a question: the id of the activation, the lines of its log that were seen, and until where it is followed.
const ABOUT: &str = "d=/run/nixops/activations/$1; n=$2; until=$3; shift 3; ";

/// Puts the script, which comes on standard input, and who wants it (`$1`) into the directory, and starts it
/// detached: as a unit of systemd where that runs, so that it outlives the session whatever logind thinks, else in a
/// session of its own. A script that was cut off on its way is not started. Keeps the directories of the last
/// activations alone. Says `s begun` once it is started.
///
/// It may be repeated, while the session before may still be at it: who makes the directory begins, and who finds it
/// waits until that one is about to start it.
const BEGIN: &str = r#"umask 022; { [ -d /run/nixops ] || mkdir -p /run/nixops; } && { [ -d /run/nixops/activations ] || mkdir -m 700 /run/nixops/activations; } || exit 1; if [ ! -d "$d" ] && mkdir "$d"; then cat >"$d/script" && [ "$(tail -n 1 "$d/script")" = ": whole" ] && echo "$1" >"$d/who" && : >"$d/turn" && : >"$d/log" || { rm -rf "$d"; exit 1; }; shift; (cd /run/nixops/activations && set -- * && [ $# -gt 8 ] && ls -t | tail -n +9 | while read -r old; do [ -e "$old/end" ] && rm -rf "$old"; done); set -- "$d" "$@"; if [ -d /run/systemd/system ]; then systemd-run --quiet --collect --no-ask-password --service-type=exec --unit="nixops-activation-${d##*/}" --setenv=PATH="$PATH" /bin/sh "$d/script" "$@" || exit; else setsid /bin/sh "$d/script" "$@" </dev/null >/dev/null 2>&1 & fi; else i=0; until [ -e "$d/log" ]; do [ -d "$d" ] && [ $i -lt 50 ] || exit 1; sleep 0.2; i=$((i + 1)); done; fi; echo "s begun"; "#;

/// Makes the decision `$1` unless one is made, or nothing is to be decided; it may be repeated.
const DECIDE: &str = r#"ln -s "$1" "$d/decision" 2>/dev/null; [ ! -p "$d/bell" ] || echo 1<>"$d/bell"; [ -L "$d/decision" ] || [ ! -d "$d" ] || exit 1; "#;

/// Tells the lines of the log that were not seen, each behind `l `, and then a word behind `s `: at the end, once
/// the new system was tested if that is followed until `tested`, or after some seconds in any case. Between two looks it waits
/// for the lock that the script holds until there is such a word; if it is not held yet, for a moment.
const FOLLOW: &str = r#"i=0; [ -d "$d" ] || { echo "s gone"; exit 0; }; while :; do word=more; p=""; { read -r p <"$d/pid"; } 2>/dev/null; if [ -z "$p" ]; then [ $i -lt 40 ] || word=dead; else kill -0 "$p" 2>/dev/null || word=dead; fi; if [ "$word$until" = moretested ] && [ -e "$d/tested" ]; then word="tested $(cat "$d/tested")"; fi; [ ! -e "$d/end" ] || word="end $(cat "$d/end")"; m=$(wc -l <"$d/log"); if [ "$m" -gt "$n" ]; then sed -n "$((n + 1)),${m}s/^/l /p" "$d/log"; n=$m; fi; if [ "$word" != more ] || [ $i -ge 140 ]; then echo "s $word"; exit 0; fi; s=0; [ -z "$p" ] || { flock -s -w 0.4 -E 9 8 8<"$d/turn"; s=$?; } 2>/dev/null; case $s in 0) sleep 0.05; i=$((i + 1));; 9) i=$((i + 8));; *) sleep 0.4; i=$((i + 8));; esac; done"#;

/// Begins the time anew in which the host waits for a decision.
const RENEW: &str = r#": >"/run/nixops/activations/$1/renew""#;

/// What one question to a host may take, with what is done before; [`FOLLOW`] answers within 10 s.
const ANSWER_WITHIN: Duration = Duration::from_secs(25);

/// How long a host may take beyond its own times until it is found to be lost.
const PATIENCE: Duration = Duration::from_mins(1);

/// Between two attempts to reach a host.
const PAUSE: Duration = Duration::from_secs(1);

/// Takes the lines that the host says meanwhile.
type Lines<'l> = &'l mut dyn FnMut(&str);

/// An activation that was begun.
pub enum Begun {
    /// It came to its end: nobody was asked, or the host went back by itself.
    Ended(End),
    /// The new system runs, and let a new connection in.
    Trial(Box<Trial>),
}

/// The end of an activation.
pub struct End {
    /// How it ended.
    pub ended: Ended,
    /// Units that failed, as far as `switch-to-configuration` names them.
    pub units: Vec<String>,
    /// The newest connection.
    pub host: Host,
}

/// A new system that runs for a trial.
pub struct Trial {
    following: Following,
    status: ActivationStatus,
}

/// An activation that goes on.
struct Following {
    connections: Connections,
    host: Host,
    order: Order,
    id: String,
    /// Whether the host is known to have it.
    is_begun: bool,
    /// The boot in which it was begun.
    boot_id: Option<String>,
    /// Lines of the log that were handed out.
    seen: usize,
    units: Vec<String>,
    /// How the new system does, once it runs for a trial.
    tested: Option<ActivationStatus>,
}

/// Where following stops.
enum Stop {
    Trial(ActivationStatus),
    Ended(Ended),
}

impl Begun {
    /// Begins an activation, and follows it until the host waits for a decision or it ended.
    ///
    /// One host does one activation at a time: while another goes on it is waited for, as long as this one would be.
    ///
    /// Where the run is interrupted, the host is told to go back at once, and followed until it has.
    ///
    /// An error means that it is not known how it ends; the host then goes back by itself if it was to be asked.
    pub fn begin(
        connections: &Connections,
        host: &Host,
        order: Order,
        lines: Lines<'_>,
    ) -> Result<Self> {
        let mut following = Following {
            connections: connections.clone(),
            host: host.clone(),
            order,
            id: new_uuid(),
            is_begun: false,
            boot_id: host.look().boot_id.clone(),
            seen: 0,
            units: Vec::new(),
            tested: None,
        };
        let stop = following.start_in_turn(lines);
        let stop = stop.and_then(|stop| following.prove(stop, lines));
        Ok(match following.unless_interrupted(stop, lines)? {
            Stop::Ended(ended) => Self::Ended(following.end(ended)),
            Stop::Trial(status) => Self::Trial(Box::new(Trial { following, status })),
        })
    }
}

impl Trial {
    /// The connection that the new system let in.
    pub fn host(&self) -> &Host {
        &self.following.host
    }

    /// How `switch-to-configuration` ended.
    pub fn status(&self) -> ActivationStatus {
        self.status
    }

    /// Has the host wait while something is found out, however long that takes.
    pub fn meanwhile<T>(&self, work: impl FnOnce() -> T) -> T {
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| self.following.keep_waiting(&over));
            let _over = Over(&over);
            work()
        })
    }

    /// Makes the system the host's own.
    pub fn confirm(self, lines: Lines<'_>) -> Result<End> {
        self.following.decide("confirm", lines)
    }

    /// Has the host go back.
    pub fn refuse(self, lines: Lines<'_>) -> Result<End> {
        self.following.decide("refuse", lines)
    }
}

/// Tells that something is over, also where it panics.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

impl Following {
    /// Starts once no other activation goes on, and follows it.
    fn start_in_turn(&mut self, lines: Lines<'_>) -> Result<Stop> {
        let rollback = &self.order.rollback;
        let patience = Duration::from_secs(rollback.timeout + rollback.activation_timeout);
        let (end, mut told) = (Instant::now() + patience, None);
        loop {
            match self.follow(None, lines)? {
                Stop::Ended(Ended::Busy(who)) if Instant::now() < end => {
                    if told.as_ref() != Some(&who) {
                        lines(&format!("waiting for another activation to end: {who}"));
                        told = Some(who);
                    }
                    thread::sleep(PAUSE);
                    (self.id, self.seen, self.is_begun) = (new_uuid(), 0, false);
                }
                stop => return Ok(stop),
            }
        }
    }

    /// Begins it unless it is begun, or has it decided, and follows it to the trial or to the end.
    fn follow(&mut self, decision: Option<&str>, lines: Lines<'_>) -> Result<Stop> {
        let mut lost_at = None;
        loop {
            let word = match self.ask(decision, lines) {
                Ok(word) => word,
                // What the host refuses to begin is not begun by asking again.
                Err(error) if !self.is_begun && decision.is_none() && !error.is_lost() => {
                    return Err(error);
                }
                Err(error) => {
                    let since = *lost_at.get_or_insert_with(Instant::now);
                    self.reconnect(since, error)?;
                    continue;
                }
            };
            lost_at = None;
            return Ok(match word {
                Word::More => continue,
                Word::Tested(status) => {
                    let status = status.into();
                    self.tested = Some(status);
                    Stop::Trial(status)
                }
                Word::Ended(ended) => Stop::Ended(ended),
                Word::Gone if self.was_booted() => Stop::Ended(self.after_boot()),
                Word::Gone | Word::Dead => Stop::Ended(Ended::CutOff),
            });
        }
    }

    /// Asks once how far it is, over a session that begins or decides it first, and hands out the lines that are new.
    fn ask(&mut self, decision: Option<&str>, lines: Lines<'_>) -> Result<Word> {
        let (action, first, more) = match decision {
            Some(decision) => ("deciding the activation", DECIDE, vec![decision.to_owned()]),
            // A boot is an end of it, also where nobody knows whether it was begun.
            None if self.is_begun || self.was_booted() => {
                ("following the activation", "", Vec::new())
            }
            None => ("starting the activation", BEGIN, self.order.words()),
        };
        let to_trial = decision.is_none() && self.order.has_trial();
        let until = if to_trial { "tested" } else { "end" };
        let about = [self.id.clone(), self.seen.to_string(), until.to_owned()];
        let words = about.into_iter().chain(more);
        let (seen, units, order) = (&mut self.seen, &mut self.units, &self.order);
        let (in_trial, is_begun) = (self.tested.is_none(), &mut self.is_begun);
        let mut last = None;
        let mut take = |stream, line: &str| match line.split_once(' ') {
            Some(("l", line)) if stream == Stream::Stdout => {
                *seen += 1;
                // What installs the boot loader starts none.
                if in_trial {
                    units.extend(failed_units(line));
                }
                lines(line);
            }
            Some(("s", "begun")) if stream == Stream::Stdout => *is_begun = true,
            Some(("s", word)) if stream == Stream::Stdout => last = Word::read(word, order),
            _ => {}
        };
        let remote = script("activation", &format!("{ABOUT}{first}{FOLLOW}"), words);
        let remote = remote.timeout(ANSWER_WITHIN).lines(&mut take);
        let output = match first {
            BEGIN => self.host.run(remote.stdin(SCRIPT.as_bytes())),
            _ => self.host.run(remote),
        }?;
        last.ok_or_else(|| self.host.command_error(action, output.into_error()))
    }

    /// Connects anew, which a system on trial has to let in.
    fn prove(&mut self, stop: Stop, lines: Lines<'_>) -> Result<Stop> {
        if matches!(stop, Stop::Trial(_)) && !self.connect_anew()? {
            // It may have gone back while nobody got in.
            return self.follow(None, lines);
        }
        Ok(stop)
    }

    /// Decides, and follows to the end, which tells if the host had decided otherwise.
    fn decide(mut self, decision: &str, lines: Lines<'_>) -> Result<End> {
        let stop = self.follow(Some(decision), lines);
        match self.unless_interrupted(stop, lines)? {
            Stop::Ended(ended) => Ok(self.end(ended)),
            Stop::Trial(_) => Ok(self.end(Ended::CutOff)),
        }
    }

    /// Has the host go back where the run was interrupted, over a connection that the interrupt leaves alone.
    ///
    /// If that cannot be, the host goes back by itself, and what is told is the interrupt.
    fn unless_interrupted(&mut self, stop: Result<Stop>, lines: Lines<'_>) -> Result<Stop> {
        let interrupted = match stop {
            Err(error) if error.is_interrupted() && self.order.has_trial() => error,
            stop => return stop,
        };
        self.connections = self.connections.after_interrupt();
        let settled = self.connect_anew();
        match settled.and_then(|_| self.follow(Some("interrupt"), lines)) {
            Ok(Stop::Ended(Ended::CutOff)) if !self.is_begun => Err(interrupted),
            Ok(stop) => Ok(stop),
            Err(_) => Err(interrupted),
        }
    }

    /// Connects anew, as long as the host may yet come back by itself; tells whether it was there at once.
    fn connect_anew(&mut self) -> Result<bool> {
        match self.connections.connect(self.host.target()) {
            Ok(host) => {
                self.host = host;
                Ok(true)
            }
            Err(error) => self.reconnect(Instant::now(), error).map(|()| false),
        }
    }

    /// Connects anew after a connection was lost, as long as the host may yet come back by itself.
    fn reconnect(&mut self, since: Instant, because: Error) -> Result<()> {
        let rollback = &self.order.rollback;
        let own = match self.tested {
            Some(_) => rollback.timeout,
            None => rollback.timeout + rollback.activation_timeout,
        };
        let end = since + Duration::from_secs(own) + PATIENCE;
        let mut last = because;
        loop {
            self.connections.refuse_interrupted("the activation")?;
            if Instant::now() >= end {
                return Err(Error::OutOfSight {
                    machine: self.host.machine().to_owned(),
                    goes_back: self.order.has_trial(),
                    id: self.id.clone(),
                    source: Box::new(last),
                });
            }
            thread::sleep(PAUSE);
            match self.connections.connect(self.host.target()) {
                Ok(host) => {
                    self.host = host;
                    return Ok(());
                }
                Err(error) => last = error,
            }
        }
    }

    fn was_booted(&self) -> bool {
        self.host.look().boot_id != self.boot_id
    }

    /// What came of it where the host was booted meanwhile.
    fn after_boot(&self) -> Ended {
        let look = self.host.look();
        let system = Some(&self.order.system);
        if self.order.goal.sets_profile() && look.profile.as_ref() == system {
            return Ended::Done(self.tested.unwrap_or(ActivationStatus::Done));
        }
        Ended::Rebooted
    }

    fn keep_waiting(&self, over: &AtomicBool) {
        let pause = Duration::from_secs(self.order.rollback.timeout.max(1)) / 4;
        // What takes no time needs no renewal.
        let mut next = Instant::now() + pause.min(Duration::from_secs(1));
        while !over.load(Ordering::Acquire) {
            if Instant::now() >= next {
                // One that fails is made up for by the next; if none gets through, the host goes back.
                let remote = script("renewal", RENEW, [self.id.clone()]);
                drop(self.host.run(remote.timeout(ANSWER_WITHIN)));
                next = Instant::now() + pause;
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn end(self, ended: Ended) -> End {
        End {
            ended,
            units: self.units,
            host: self.host,
        }
    }
}

/// A script that runs as root with these words as `$1` and so on.
fn script<'a>(action: &str, script: &str, words: impl IntoIterator<Item = String>) -> Remote<'a> {
    let before = ["sh", "-c", script, "nixops"].map(str::to_owned);
    Remote::argv(action, before.into_iter().chain(words)).elevated()
}

/// Reads the units that `switch-to-configuration` names when it ends with 4.
fn failed_units(line: &str) -> Vec<String> {
    let units = line.strip_prefix("warning: the following units failed: ");
    let units = units.into_iter().flat_map(|units| units.split(", "));
    units.map(|unit| unit.trim().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_units_are_read_from_the_line_that_names_them() {
        let line = "warning: the following units failed: a.service, b.mount";
        assert_eq!(failed_units(line), ["a.service", "b.mount"]);
        assert!(failed_units("starting the following units: a.service").is_empty());
    }

    #[test]
    fn the_host_knows_the_last_line_of_the_script() {
        assert!(SCRIPT.ends_with("\n: whole\n") && BEGIN.contains("= \": whole\" ]"));
    }

    #[test]
    fn the_scripts_survive_every_login_shell() {
        for script in [ABOUT, BEGIN, FOLLOW, DECIDE, RENEW] {
            assert!(!script.contains('\'') && !script.contains('\n') && !script.contains('\\'));
        }
    }
}
