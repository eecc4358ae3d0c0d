//! Tells failures of a connection apart by what ssh writes, the only thing that it tells.

use std::fmt;

use super::target::Keys;

/// Why there is no connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// The host's name has no address.
    UnknownName,
    /// Nothing listens on the port.
    Refused,
    /// There is no way to the address.
    Unreachable,
    /// No answer came in time.
    TimedOut,
    /// The host's key is not known, and may not be accepted unseen.
    UnknownHostKey,
    /// The host's key is not the one that is known.
    ChangedHostKey,
    /// The host's key is none of those that its provider named.
    ForeignHostKey,
    /// No key that was offered is accepted.
    PermissionDenied,
    /// The key of the provider is not accepted.
    ProvidedKeyDenied,
    /// A private key file is readable by others, so ssh does not use it.
    OpenKeyFile,
    /// The ssh configuration is wrong.
    Configuration,
    /// The connection broke.
    Lost,
    /// The remote shell did not run our first command.
    NoShell,
    /// Something else.
    Other,
}

impl Failure {
    /// Tells whether trying again may help.
    pub fn is_transient(self) -> bool {
        matches!(
            self,
            Self::Refused | Self::Unreachable | Self::TimedOut | Self::Lost
        )
    }

    /// Tells whether the host gives no sign, as one that is switched off.
    pub fn is_away(self) -> bool {
        matches!(self, Self::Refused | Self::Unreachable | Self::TimedOut)
    }

    /// The same in view of what the machine's provider said of keys.
    pub(super) fn with(self, keys: &Keys) -> Self {
        match self {
            Self::UnknownHostKey | Self::ChangedHostKey if !keys.host.is_empty() => {
                Self::ForeignHostKey
            }
            Self::PermissionDenied if keys.private.is_some() => Self::ProvidedKeyDenied,
            other => other,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::UnknownName => "the host's name is unknown",
            Self::Refused => "the connection was refused",
            Self::Unreachable => "the host cannot be reached",
            Self::TimedOut => "the host does not answer",
            Self::UnknownHostKey => "the host's key is not known",
            Self::ChangedHostKey => "the host's key has changed",
            Self::ForeignHostKey => "the host's key is none of those that its provider named",
            Self::ProvidedKeyDenied => "permission denied: the provider's key was not accepted",
            Self::PermissionDenied => "permission denied: no key was accepted",
            Self::OpenKeyFile => "the private key file is readable by others, so ssh ignores it",
            Self::Configuration => "ssh does not understand its configuration",
            Self::Lost => "the connection was lost",
            Self::NoShell => "the host does not run commands",
            Self::Other => "ssh failed",
        })
    }
}

/// Finds the kind of a failure in what ssh wrote, the surest signs first.
pub(super) fn classify(said: &str) -> Failure {
    const SIGNS: [(Failure, &[&str]); 10] = [
        (
            Failure::Configuration,
            &[
                "Bad configuration option",
                "bad configuration options",
                "unsupported option",
                "terminating,",
                "argument.",
                "extra arguments at end of line",
            ],
        ),
        (
            Failure::ChangedHostKey,
            &[
                "REMOTE HOST IDENTIFICATION HAS CHANGED",
                "has changed and you have requested strict checking",
                "Offending ",
            ],
        ),
        (
            Failure::UnknownHostKey,
            &["Host key verification failed", "host key is known for"],
        ),
        (Failure::UnknownName, &["Could not resolve hostname"]),
        (
            Failure::TimedOut,
            &["timed out", "Timeout, server", "Operation timed out"],
        ),
        (Failure::Refused, &["Connection refused"]),
        (
            Failure::Unreachable,
            &["No route to host", "Network is unreachable", "Host is down"],
        ),
        (Failure::OpenKeyFile, &["UNPROTECTED PRIVATE KEY FILE"]),
        (
            Failure::PermissionDenied,
            &[
                "Permission denied",
                "Too many authentication failures",
                "No supported authentication methods",
            ],
        ),
        (
            Failure::Lost,
            &[
                "Connection closed",
                "Connection reset",
                "closed by remote host",
                "Broken pipe",
                "kex_exchange_identification",
                "client_loop",
                "mux_client",
                "lost connection",
            ],
        ),
    ];
    let found = SIGNS
        .iter()
        .find(|(_, signs)| signs.iter().any(|sign| said.contains(sign)));
    found.map_or(Failure::Other, |(failure, _)| *failure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_openssh_writes_is_told_apart() {
        let cases = [
            (
                "ssh: Could not resolve hostname nowhere: Name or service not known",
                Failure::UnknownName,
            ),
            (
                "ssh: Could not resolve hostname nowhere: Temporary failure in name resolution",
                Failure::UnknownName,
            ),
            (
                "ssh: connect to host 127.0.0.9 port 22: Connection refused",
                Failure::Refused,
            ),
            (
                "ssh: connect to host 10.0.0.9 port 22: No route to host",
                Failure::Unreachable,
            ),
            (
                "ssh: connect to host 10.0.0.9 port 22: Connection timed out",
                Failure::TimedOut,
            ),
            (
                "Connection timed out during banner exchange\nConnection to 127.0.0.2 port 22 timed out",
                Failure::TimedOut,
            ),
            (
                "No ED25519 host key is known for 127.0.0.2 and you have requested strict checking.\nHost key verification failed.",
                Failure::UnknownHostKey,
            ),
            ("Host key verification failed.", Failure::UnknownHostKey),
            (
                "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\nHost key verification failed.",
                Failure::ChangedHostKey,
            ),
            (
                "root@127.0.0.2: Permission denied (publickey).",
                Failure::PermissionDenied,
            ),
            (
                "Received disconnect from 127.0.0.2 port 22:2: Too many authentication failures",
                Failure::PermissionDenied,
            ),
            (
                "@         WARNING: UNPROTECTED PRIVATE KEY FILE!          @\nroot@a: Permission denied (publickey).",
                Failure::OpenKeyFile,
            ),
            (
                "/tmp/c: line 3: Bad configuration option: nosuchthing\n/tmp/c: terminating, 1 bad configuration options",
                Failure::Configuration,
            ),
            (
                "kex_exchange_identification: read: Connection reset by peer",
                Failure::Lost,
            ),
            ("client_loop: send disconnect: Broken pipe", Failure::Lost),
            (
                "Connection to 127.0.0.2 closed by remote host.",
                Failure::Lost,
            ),
            ("no such thing", Failure::Other),
        ];
        for (said, expected) in cases {
            assert_eq!(classify(said), expected, "{said}");
        }
    }
}
