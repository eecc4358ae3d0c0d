//! How a health check looks, and what is made of the answer: pure functions.

use std::{process::ExitStatus, time::Duration};

use super::Transport;
use crate::{
    network::{HealthCheck, Probe, Viewpoint},
    process::Output,
};

/// The exit status of `timeout` for what it ended.
const OUT_OF_TIME: i32 = 124;

/// That of `curl` for the same.
const CURL_OUT_OF_TIME: i32 = 28;

/// That of a shell, and of `timeout`, for a program that is not there.
const NO_PROGRAM: i32 = 127;

/// Says on standard error why nothing listens; without an error somebody does.
const CONNECT: &str = r#"exec 3<>"/dev/tcp/$0/$1""#;

/// What one attempt came to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Verdict {
    Well,
    /// What was found instead of what was expected.
    Found(String),
}

/// The words of the command that looks.
pub(super) fn words(check: &HealthCheck, transport: &Transport) -> Vec<String> {
    let limit = check.timeout.to_string();
    let words = |words: &[&str]| words.iter().map(ToString::to_string).collect();
    let words: Vec<String> = match &check.probe {
        Probe::Command { command } => command.clone(),
        Probe::Http { url, .. } => words(&[
            "curl",
            "--silent",
            "--show-error",
            "--output",
            "/dev/null",
            "--write-out",
            "%{http_code}",
            "--max-time",
            &limit,
            "--proto",
            "=http,https",
            "--globoff",
            "--url",
            url,
        ]),
        Probe::Tcp { host, port } => {
            let host = host
                .as_deref()
                .unwrap_or_else(|| itself(check.from, transport));
            words(&["bash", "-c", CONNECT, host, &port.to_string()])
        }
        Probe::Unit { unit } => words(&["systemctl", "is-active", "--", unit]),
    };
    match check.from {
        // What only our end of the connection gave up would go on there.
        Viewpoint::Host => ["timeout", "-k", "1", &limit]
            .map(str::to_owned)
            .into_iter()
            .chain(words)
            .collect(),
        Viewpoint::Deployer => words,
    }
}

/// Where the machine is, for who looks.
fn itself(from: Viewpoint, transport: &Transport) -> &str {
    match (from, transport) {
        (Viewpoint::Deployer, Transport::Ssh(ssh)) => &ssh.host,
        (Viewpoint::Host, _) | (_, Transport::Prefix(_) | Transport::Local) => "localhost",
    }
}

/// Says what an answer means.
pub(super) fn judge(check: &HealthCheck, output: &Output) -> Verdict {
    let said = output.stderr_text();
    let printed = output.stdout_text();
    verdict(
        check,
        output.status,
        printed.trim(),
        last_line(&said).unwrap_or_default(),
    )
}

/// What is found where there is no answer.
pub(super) fn silence(after: Duration) -> Verdict {
    Verdict::Found(format!("no answer within {} s", after.as_secs()))
}

fn verdict(check: &HealthCheck, status: ExitStatus, printed: &str, said: &str) -> Verdict {
    let code = status.code();
    let is_curl = matches!(check.probe, Probe::Http { .. });
    if code == Some(OUT_OF_TIME) || is_curl && code == Some(CURL_OUT_OF_TIME) {
        return silence(check.timeout());
    }
    if code == Some(NO_PROGRAM) {
        return Verdict::Found(format!("it could not be looked at: {said}"));
    }
    let found = match &check.probe {
        Probe::Http { status: wanted, .. } if status.success() => {
            if printed == wanted.to_string() {
                return Verdict::Well;
            }
            format!("status {printed} instead of {wanted}")
        }
        _ if status.success() => return Verdict::Well,
        Probe::Command { .. } => ended(status, said),
        Probe::Http { .. } => reason(said, "curl: ").to_owned(),
        Probe::Tcp { .. } => said.rsplit(": ").next().unwrap_or(said).to_owned(),
        Probe::Unit { .. } if printed.is_empty() => ended(status, said),
        Probe::Unit { .. } => format!("{printed} instead of active"),
    };
    Verdict::Found(found)
}

/// Says how a program ended, and what it said last.
fn ended(status: ExitStatus, said: &str) -> String {
    // `ExitStatus` says `exit status: 1`.
    let status = status.to_string().replace(": ", " ");
    match said {
        "" => status,
        said => format!("{status}: {said}"),
    }
}

/// Leaves out who says it, and its number.
fn reason<'a>(said: &'a str, who: &str) -> &'a str {
    let said = said.strip_prefix(who).unwrap_or(said);
    match said.split_once(") ") {
        Some((number, reason)) if number.starts_with('(') => reason,
        _ => said,
    }
}

fn last_line(text: &str) -> Option<&str> {
    text.lines().map(str::trim).rfind(|line| !line.is_empty())
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;

    use super::*;
    use crate::host::Ssh;

    fn check(from: Viewpoint, probe: Probe) -> HealthCheck {
        HealthCheck {
            from,
            timeout: 3,
            retries: 0,
            interval: 1,
            probe,
        }
    }

    fn at(host: &str) -> Transport {
        Transport::Ssh(Ssh {
            host: host.to_owned(),
            ..Ssh::default()
        })
    }

    fn found(probe: Probe, code: i32, printed: &str, said: &str) -> String {
        let check = check(Viewpoint::Host, probe);
        match verdict(&check, ExitStatus::from_raw(code << 8), printed, said) {
            Verdict::Well => "well".to_owned(),
            Verdict::Found(found) => found,
        }
    }

    fn http() -> Probe {
        Probe::Http {
            url: "http://localhost/".to_owned(),
            status: 200,
        }
    }

    fn tcp() -> Probe {
        Probe::Tcp {
            host: None,
            port: 5432,
        }
    }

    fn unit() -> Probe {
        let unit = "nginx.service".to_owned();
        Probe::Unit { unit }
    }

    fn command() -> Probe {
        let command = vec!["pg_isready".to_owned()];
        Probe::Command { command }
    }

    #[test]
    fn who_is_asked_on_the_host_is_given_up_there() {
        let words = words(&check(Viewpoint::Host, tcp()), &at("web.example.org"));
        assert_eq!(words[..4], ["timeout", "-k", "1", "3"]);
        assert_eq!(words[4..], ["bash", "-c", CONNECT, "localhost", "5432"]);
    }

    #[test]
    fn the_deployer_looks_at_the_address_of_the_machine() {
        let words = words(&check(Viewpoint::Deployer, tcp()), &at("web.example.org"));
        assert_eq!(words, ["bash", "-c", CONNECT, "web.example.org", "5432"]);
    }

    #[test]
    fn an_answer_that_was_expected_is_well() {
        assert_eq!(found(http(), 0, "200", ""), "well");
        assert_eq!(found(tcp(), 0, "", ""), "well");
        assert_eq!(found(unit(), 0, "active", ""), "well");
        assert_eq!(found(command(), 0, "", "a warning"), "well");
    }

    #[test]
    fn what_was_found_instead_is_said() {
        assert_eq!(found(http(), 0, "503", ""), "status 503 instead of 200");
        let refused = "curl: (7) Failed to connect to localhost port 80";
        assert_eq!(
            found(http(), 7, "000", refused),
            "Failed to connect to localhost port 80"
        );
        let refused = "bash: line 1: /dev/tcp/localhost/5432: Connection refused";
        assert_eq!(found(tcp(), 1, "", refused), "Connection refused");
        assert_eq!(found(unit(), 3, "failed", ""), "failed instead of active");
        assert_eq!(
            found(command(), 2, "", "no attempt"),
            "exit status 2: no attempt"
        );
        assert_eq!(found(command(), 2, "", ""), "exit status 2");
    }

    #[test]
    fn no_answer_is_no_answer_whoever_gave_it_up() {
        for (probe, code) in [(command(), 124), (http(), 124), (http(), 28), (tcp(), 124)] {
            assert_eq!(found(probe, code, "", ""), "no answer within 3 s");
        }
        assert_eq!(found(command(), 28, "", ""), "exit status 28");
    }

    #[test]
    fn a_program_that_is_not_there_is_no_answer_of_it() {
        let said = "timeout: failed to run command 'curl': No such file or directory";
        let found = found(http(), 127, "", said);
        assert_eq!(found, format!("it could not be looked at: {said}"));
    }
}
