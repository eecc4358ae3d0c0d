//! Boots a host, and waits for its return.

use std::{
    thread,
    time::{Duration, Instant},
};

use super::{Connections, Error, Host, Remote, Result};

/// Does what `$1` says by itself a moment later, so that the connection may end in order.
const LATER: &str = r#"setsid sh -c "sleep 0.3; if [ -d /run/systemd/system ]; then systemctl $1; else $1; fi" </dev/null >/dev/null 2>&1 &"#;

/// Between two looks at whether the host is back.
const PAUSE: Duration = Duration::from_millis(500);

impl Host {
    /// Has the host boot by itself a moment later.
    pub fn begin_reboot(&self) -> Result<()> {
        self.order("rebooting", "reboot")
    }

    /// Has the host switch itself off a moment later.
    pub fn power_off(&self) -> Result<()> {
        self.order("switching it off", "poweroff")
    }

    fn order(&self, action: &str, word: &str) -> Result<()> {
        let remote = Remote::argv(action, ["sh", "-c", LATER, "nixops", word]);
        self.succeed(remote.elevated()).map(drop)
    }
}

impl Connections {
    /// Boots a host, and connects anew once it runs another boot, by the id that the kernel gives each.
    pub fn reboot(&self, host: &Host, within: Duration) -> Result<Host> {
        host.begin_reboot()?;
        let end = Instant::now() + within;
        loop {
            thread::sleep(PAUSE);
            let last = match self.connect(host.target()) {
                Ok(new) if new.look().boot_id != host.look().boot_id => return Ok(new),
                Err(error) if error.is_interrupted() => return Err(error),
                Ok(_) => None,
                Err(error) => Some(Box::new(error)),
            };
            if Instant::now() >= end {
                return Err(Error::NoReturn {
                    machine: host.machine().to_owned(),
                    seconds: within.as_secs(),
                    source: last,
                });
            }
        }
    }
}
