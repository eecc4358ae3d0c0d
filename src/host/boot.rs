//! Boots a host, and waits for its return.

use std::{
    thread,
    time::{Duration, Instant},
};

use super::{Connections, Error, Host, Remote, Result};

/// Boots by itself a moment later, so that the connection may end in order.
const REBOOT: &str = r#"setsid sh -c "sleep 0.3; if [ -d /run/systemd/system ]; then systemctl reboot; else reboot; fi" </dev/null >/dev/null 2>&1 &"#;

/// Between two looks at whether the host is back.
const PAUSE: Duration = Duration::from_millis(500);

/// Switches itself off, as [`REBOOT`] boots.
const POWER_OFF: &str = r#"setsid sh -c "sleep 0.3; if [ -d /run/systemd/system ]; then systemctl poweroff; else poweroff; fi" </dev/null >/dev/null 2>&1 &"#;

impl Host {
    /// Has the host boot by itself a moment later.
    pub fn begin_reboot(&self) -> Result<()> {
        self.order("rebooting", REBOOT)
    }

    /// Has the host switch itself off a moment later.
    pub fn power_off(&self) -> Result<()> {
        self.order("switching it off", POWER_OFF)
    }

    fn order(&self, action: &str, script: &str) -> Result<()> {
        let output = self.run(Remote::script(action, script).elevated())?;
        let failed = |error| self.command_error(action, error);
        output.checked().map(drop).map_err(failed)
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
