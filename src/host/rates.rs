//! How fast hosts are copied to, and whether ssh is to compress what they are sent.
//!
//! A core compresses some 22 MB of store paths in a second, to a third. That makes three of a slow line, holds up a fast one,
//! and costs time of both processors. So what copies have measured decides, with compression and without it: the faster of
//! the two, and without it where that is fast enough. The first copy to a host is compressed, unless its address is of this very
//! machine: a wrong guess costs a fast line half a minute for a gigabyte, and a slow one ten. A private address is no sign, since
//! many of them are at the other end of a VPN.

use std::{fs, net::IpAddr};

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use super::Ssh;
use crate::state::cache;

/// Bytes a second that are no faster with compression.
const ENOUGH: u64 = 20_000_000;

/// Bytes a second below which it is the line that holds up a compressed copy: any processor compresses more.
const SLOW: u64 = 5_000_000;

/// How many times faster compression makes a copy at most. More means that the line is not what it was.
const MOST_GAIN: u64 = 4;

/// What copies to hosts have measured, a file for each host; without a directory nothing is remembered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Rates(Option<Utf8PathBuf>);

/// How fast the last copies to one host were, in bytes of store paths a second.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
struct Measured {
    plain: Option<u64>,
    compressed: Option<u64>,
}

impl Rates {
    /// Remembers in a directory, which need not be there.
    pub fn new(directory: Option<Utf8PathBuf>) -> Self {
        Self(directory)
    }

    /// The same way to a host, and whether it is compressed, if nobody has said.
    pub fn decide(&self, ssh: &Ssh) -> Ssh {
        let fast = || !self.read(ssh).compresses(is_here(&ssh.host));
        Ssh {
            fast_connection: Some(ssh.fast_connection.unwrap_or_else(fast)),
            ..ssh.clone()
        }
    }

    /// Takes note of how fast a copy was, in bytes a second, by a way that was decided.
    pub fn learn(&self, ssh: &Ssh, rate: u64) {
        let compressed = ssh.fast_connection == Some(false);
        let measured = self.read(ssh).after(compressed, rate);
        if let Some(path) = self.path(ssh) {
            // What is lost is measured again.
            let _ = cache(&path, &measured);
        }
    }

    fn read(&self, ssh: &Ssh) -> Measured {
        let text = self.path(ssh).and_then(|path| fs::read(path).ok());
        let measured = text.and_then(|text| serde_json::from_slice(&text).ok());
        measured.unwrap_or_default()
    }

    fn path(&self, ssh: &Ssh) -> Option<Utf8PathBuf> {
        let host = Some(&ssh.host).filter(|host| !host.contains('/'))?;
        let port = ssh.port.map(|port| format!(":{port}")).unwrap_or_default();
        Some(self.0.as_ref()?.join(format!("{host}{port}.json")))
    }
}

impl Measured {
    fn compresses(self, is_here: bool) -> bool {
        match (self.plain, self.compressed) {
            (None, None) => !is_here,
            (None, Some(compressed)) => compressed < SLOW,
            (Some(plain), _) if plain >= ENOUGH => false,
            (Some(_), None) => true,
            // It has to be worth the time of the processors.
            (Some(plain), Some(compressed)) => compressed > plain + plain / 4,
        }
    }

    fn after(self, compressed: bool, rate: u64) -> Self {
        if compressed {
            let plain = self.plain.filter(|plain| rate / MOST_GAIN <= *plain);
            let compressed = Some(rate);
            Self { plain, compressed }
        } else {
            let plain = Some(rate);
            Self { plain, ..self }
        }
    }
}

/// Whether an address is of this machine, so that there is no line.
fn is_here(host: &str) -> bool {
    let (_, host) = host.rsplit_once('@').unwrap_or(("", host));
    let address = |address: IpAddr| address.is_loopback();
    host == "localhost" || host.parse().is_ok_and(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MB: u64 = 1_000_000;

    /// Copies over a line that carries so much a second, until the decision is the same twice; gives whether they are compressed.
    fn settles(measured: &mut Measured, line: u64, processor: u64) -> bool {
        let mut last = None;
        for _ in 0..6 {
            let compressed = measured.compresses(false);
            let rate = if compressed {
                (line * 3).min(processor)
            } else {
                line
            };
            *measured = measured.after(compressed, rate);
            if last.replace(compressed) == Some(compressed) {
                return compressed;
            }
        }
        panic!("it changes for ever: {measured:?}");
    }

    #[test]
    fn slow_lines_are_compressed_and_fast_ones_are_not() {
        for (line, processor, expected) in [
            (MB / 10, 24 * MB, true),
            (MB, 24 * MB, true),
            (10 * MB, 24 * MB, true),
            (30 * MB, 24 * MB, false),
            (100 * MB, 24 * MB, false),
            // A processor that is slower than the line.
            (10 * MB, 6 * MB, false),
            (10 * MB, 11 * MB, false),
        ] {
            let settled = settles(&mut Measured::default(), line, processor);
            assert_eq!(settled, expected, "{line} {processor}");
        }
    }

    #[test]
    fn who_moves_to_another_line_is_noticed() {
        let mut measured = Measured::default();
        for (line, expected) in [(100, false), (1, true), (100, false), (3, true)] {
            assert_eq!(
                settles(&mut measured, line * MB, 24 * MB),
                expected,
                "{line}"
            );
        }
    }

    #[test]
    fn the_first_copy_is_compressed_where_there_is_a_line() {
        let rates = Rates::default();
        let fast = |host: &str, fast_connection| {
            let ssh = Ssh {
                host: host.to_owned(),
                fast_connection,
                ..Ssh::default()
            };
            rates.decide(&ssh).fast_connection == Some(true)
        };
        for host in ["127.0.0.1", "root@127.0.0.2", "::1", "localhost"] {
            assert!(fast(host, None), "{host}");
            assert!(!fast(host, Some(false)), "{host}");
        }
        for host in ["web", "root@10.0.0.1", "192.0.2.1", "2001:db8::1"] {
            assert!(!fast(host, None), "{host}");
            assert!(fast(host, Some(true)), "{host}");
        }
    }

    #[test]
    fn each_host_is_remembered_by_itself() {
        let directory = tempfile::tempdir().unwrap();
        let directory = Utf8PathBuf::try_from(directory.path().join("rates")).unwrap();
        let rates = Rates::new(Some(directory));
        let ssh = |host: &str, port| Ssh {
            host: host.to_owned(),
            port,
            ..Ssh::default()
        };
        let (web, other) = (ssh("web", Some(22)), ssh("web", Some(23)));
        let before = rates.decide(&web);
        assert_eq!(before.fast_connection, Some(false));
        rates.learn(&before, 20 * MB);
        assert_eq!(rates.decide(&web).fast_connection, Some(true));
        assert_eq!(
            rates.decide(&other),
            Ssh {
                fast_connection: Some(false),
                ..other.clone()
            }
        );
        let nowhere = ssh("../web", None);
        rates.learn(&nowhere, 20 * MB);
        assert_eq!(rates.decide(&nowhere).fast_connection, Some(false));
    }
}
