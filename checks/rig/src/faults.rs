//! Faults on demand.

use std::{fs, net::SocketAddr, sync::PoisonError, time::Duration};

use crate::{
    error::{RigError, file},
    forwarder::{Forwarder, Road, free_port},
    host::{Host, command_in_host},
    host_files::{CLOCK, authorize},
    keeper::wait_until_ready,
    programs::{output, run, write},
};

const FAULTS: &str = include_str!("../scripts/faults.sh");

impl Host {
    /// Takes the host off the network: connections are refused and those that are open end.
    ///
    /// Programs that were detached from their session go on, as they would on a host that lost its cable.
    /// Ends a [`Host::delay`].
    pub fn stop(&self) -> Result<(), RigError> {
        self.end_delay()?;
        self.fault("stop", None)
    }

    /// Brings the host back after [`Host::stop`] or [`Host::hang`].
    pub fn start(&self) -> Result<(), RigError> {
        self.fault("start", None)
    }

    /// Lets the host accept connections and never answer; open sessions freeze too.
    pub fn hang(&self) -> Result<(), RigError> {
        self.fault("hang", None)
    }

    /// Ends all open sessions and lets new ones in. What they started may go on.
    pub fn cut_connections(&self) -> Result<(), RigError> {
        self.fault("cut_connections", None)
    }

    /// Ends all programs and brings the host up with the system of its profile, as a power cycle does.
    ///
    /// `/run` is empty and the boot id another; `/run/booted-system` links to the system, whose `activate` has run.
    /// Nix is shown again if it was hidden; a limited disk stays limited, but for a host with systemd: that gets another
    /// first process, and all that is mounted anew.
    pub fn reboot(&self) -> Result<(), RigError> {
        if self.layout.systemd().exists() {
            return self.boot_systemd();
        }
        self.with_nix()?;
        self.fault("reboot", None)
    }

    fn boot_systemd(&self) -> Result<(), RigError> {
        // Nothing is stopped first. Whoever asks for it ends with all others.
        let words = ["systemctl", "reboot", "--force", "--force"];
        let mut boot = command_in_host(self.process(), words);
        let ready = self.layout.ready();
        fs::remove_file(&ready).map_err(file("remove", ready))?;
        output(&mut boot)?;
        wait_until_ready(&self.layout, &self.name).map(drop)
    }

    /// Ends all programs, as a machine that is switched off. Its files stay, and what is mounted too.
    pub fn switch_off(&self) -> Result<(), RigError> {
        self.fault("switch_off", None)
    }

    /// Brings a host up that was switched off; see [`Host::reboot`]. For one that runs it is a reboot.
    pub fn switch_on(&self) -> Result<(), RigError> {
        self.reboot()
    }

    /// Hides the programs of Nix, also from those who know their full paths.
    pub fn without_nix(&self) -> Result<(), RigError> {
        self.fault("hide_nix", None)
    }

    /// Shows the programs of Nix again.
    pub fn with_nix(&self) -> Result<(), RigError> {
        self.fault("show_nix", None)
    }

    /// Puts `/nix` with all that is in it on a file system of `bytes`; a full one fails with ENOSPC.
    ///
    /// An empty store with its database takes about 200 kB. `u64::MAX` is no limit.
    pub fn disk_limit(&self, bytes: u64) -> Result<(), RigError> {
        // tmpfs counts pages in a signed number, and its word for "no limit" is zero.
        let size = if bytes > u64::MAX >> 2 { 0 } else { bytes };
        self.fault("limit_disk", Some(size.to_string()))
    }

    /// Lets no key in any more; open sessions stay.
    pub fn reject_client_key(&self) -> Result<(), RigError> {
        ["root", self.normal_user()]
            .iter()
            .try_for_each(|user| write(&self.layout.authorized_keys(user), ""))
    }

    /// Lets the rig's key in again.
    pub fn accept_client_key(&self) -> Result<(), RigError> {
        authorize(&self.rig, &self.layout)
    }

    /// Delays every new connection by `time` before sshd sees it.
    ///
    /// Holds while this value lives. Zero ends it.
    pub fn delay(&self, time: Duration) -> Result<(), RigError> {
        self.lead_by((!time.is_zero()).then_some(Road {
            opening: time,
            ..Road::default()
        }))
    }

    /// Makes the road to sshd long and narrow: a byte and the answer to it take `round_trip`, and all connections
    /// together carry `bits_per_second` in each direction.
    ///
    /// Connections that are open keep the old road. Holds while this value lives, or until [`Host::fast_link`],
    /// [`Host::stop`] or a [`Host::reboot`]; connections that are open then go on slowly.
    pub fn slow_link(&self, round_trip: Duration, bits_per_second: u64) -> Result<(), RigError> {
        self.lead_by(Some(Road {
            opening: Duration::ZERO,
            latency: round_trip / 2,
            rate: Some(bits_per_second),
        }))
    }

    /// Ends a [`Host::slow_link`] for new connections.
    pub fn fast_link(&self) -> Result<(), RigError> {
        self.lead_by(None)
    }

    /// Sets the clock of all programs that sshd starts from now on, and of those that it has started, forward by
    /// `seconds`, or back if they are negative: by as much as from the true time.
    ///
    /// The host must have been made with [`HostOptions::own_clock`](crate::HostOptions::own_clock). The kernel has one
    /// clock for all, so this is libfaketime's: timers that wait go on as they were, as they do when a clock is set,
    /// and programs with the rights of another user (`sudo`) see the true time.
    pub fn set_clock(&self, seconds: i64) -> Result<(), RigError> {
        write(&self.path(CLOCK), format!("{seconds:+}\n"))
    }

    fn lead_by(&self, road: Option<Road>) -> Result<(), RigError> {
        self.end_delay()?;
        let Some(road) = road else {
            return Ok(());
        };
        let address_error = |source| RigError::Address {
            host: self.name.clone(),
            source,
        };
        let behind = free_port(self.address).map_err(address_error)?;
        self.fault("move_to_port", Some(behind.to_string()))?;
        let front = SocketAddr::new(self.address, self.port);
        let forwarder = Forwarder::start(front, behind, road).map_err(address_error)?;
        *self
            .forwarder
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(forwarder);
        Ok(())
    }

    fn end_delay(&self) -> Result<(), RigError> {
        let forwarder = self
            .forwarder
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(forwarder) = forwarder {
            drop(forwarder);
            self.fault("move_to_port", Some(self.port.to_string()))?;
        }
        Ok(())
    }

    fn fault(&self, function: &str, argument: Option<String>) -> Result<(), RigError> {
        let words = ["bash", "-c", FAULTS, "faults.sh", function].map(str::to_owned);
        let command = command_in_host(self.process(), words.into_iter().chain(argument));
        run(command, format!("{function} on host {}", self.name)).map(drop)
    }
}
