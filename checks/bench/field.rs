//! A fleet of hosts of the rig, and who deploys to it.

use std::{
    collections::HashSet,
    fmt::Write as _,
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, Result};
use rig::Host;

use crate::{
    deployed::{Deployed, Traces},
    measure::{Run, run_with},
    workbench::Workbench,
};

/// How often memory is looked at: more often would cost a part of what is measured.
const PACE: Duration = Duration::from_millis(100);

/// Connections that are under way at once, as in a deploy.
const AT_ONCE: &str = "32";

/// So wide that only the latency of a link counts.
const WIDE: u64 = 1_000_000_000;

/// The network, whose machines have files of their own.
const NETWORK: &str = include_str!("fleet/hosts.nix");

/// What machines are made of.
const SERVICE: &str = include_str!("fleet/service.nix");

/// The file in which evaluations are written down.
const LOG: &str = "log";

/// The machine that is edited.
const EDITED: &str = "m0";

/// Hosts and a network with a machine for each.
#[derive(Debug)]
pub struct Field {
    workbench: Workbench,
    hosts: Vec<Host>,
    modules: usize,
    /// Programs of Nix, of which the one that evaluates writes down what it was asked for.
    counting: PathBuf,
    /// Makes each edit another one.
    edits: usize,
}

impl Field {
    /// Starts so many hosts, for machines with so many modules beside those of the system; all with a cache of
    /// evaluations that is empty.
    pub fn new(count: usize, modules: usize, latency: Duration) -> Result<Self> {
        let outputs = "{ self, nixpkgs }: { nixopsConfigurations.default = \
             { inherit nixpkgs; } // import ./network.nix; }";
        let files = [("network.nix", NETWORK), ("service.nix", SERVICE)];
        let workbench = Workbench::new(outputs, &files.map(|(name, text)| (name, text.into())))?;
        let names = (0..count).map(|index| format!("m{index}"));
        let hosts = workbench.rig.add_hosts(names)?;
        if !latency.is_zero() {
            for host in &hosts {
                host.slow_link(latency, WIDE)?;
            }
        }
        let counting = workbench.rig.home().join("counting");
        write_counting(&counting)?;
        let mut field = Self {
            workbench,
            hosts,
            modules,
            counting,
            edits: 0,
        };
        field.write_machines()?;
        Ok(field)
    }

    /// Number of hosts.
    pub fn size(&self) -> usize {
        self.hosts.len()
    }

    fn write_machines(&mut self) -> Result<()> {
        let directory = self.workbench.directory.join("machines");
        fs::create_dir_all(&directory)?;
        let mut names = String::from("[\n");
        for host in &self.hosts {
            fs::write(
                directory.join(format!("{}.nix", host.name)),
                machine(host, 0),
            )?;
            writeln!(names, "  \"{}\"", host.name)?;
        }
        fs::write(self.workbench.directory.join("machines.nix"), names + "]\n")?;
        self.edit_all()
    }

    /// Changes the file of one machine.
    pub fn edit_one(&mut self) -> Result<()> {
        self.edits += 1;
        let host = self.hosts.iter().find(|host| host.name == EDITED);
        let host = host.context("the machine that is edited")?;
        let directory = self.workbench.directory.join("machines");
        fs::write(
            directory.join(format!("{EDITED}.nix")),
            machine(host, self.edits),
        )?;
        Ok(())
    }

    /// Changes one option of all machines.
    pub fn edit_all(&mut self) -> Result<()> {
        self.edits += 1;
        let text = format!(
            "{{\n  imports = map (import ./service.nix 100) (builtins.genList (index: index) {});\n  \
             environment.etc.\"all\".text = \"edit {}\";\n}}\n",
            self.modules, self.edits
        );
        fs::write(self.workbench.directory.join("all.nix"), text)?;
        Ok(())
    }

    /// Runs a verb of NixOps, with a Nix that is counted.
    pub fn nixops(&self, arguments: &[&str]) -> Result<Run> {
        let mut command = self.workbench.nixops(arguments);
        run_with(command.env("NIXOPS_NIX", &self.counting), "", PACE)
    }

    /// Deploys.
    pub fn deploy(&self, more: &[&str]) -> Result<Deployed> {
        let before = Traces::of(&self.hosts)?;
        fs::write(self.counting.join(LOG), "")?;
        let run = self.nixops(&[&["deploy", "--json"], more].concat())?;
        let evaluated = self.evaluated()?;
        Deployed::read(run, evaluated, [&before, &Traces::of(&self.hosts)?])
    }

    /// Machines that were evaluated since the log was emptied.
    fn evaluated(&self) -> Result<usize> {
        let asked = fs::read_to_string(self.counting.join(LOG))?;
        let attributes = asked.split_whitespace();
        let attributes = attributes.map(|path| path.strip_prefix("sending.").unwrap_or(path));
        let machines = attributes.filter(|path| path.starts_with("machines."));
        // Names that a process had not begun when it was replaced are given to another one.
        let machines: HashSet<&str> = machines.collect();
        Ok(machines.len())
    }

    /// Evaluates all machines and does nothing else.
    pub fn evaluate(&self) -> Result<Run> {
        self.nixops(&["eval", "--json", "--no-eval-cache"])
    }

    /// Connects to each host once with nothing but ssh.
    pub fn connect(&self) -> Result<Run> {
        let mut command = self.workbench.rig.command("xargs");
        command.args(["-P", AT_ONCE, "-n", "4", "ssh"]);
        let mut input = String::new();
        for host in &self.hosts {
            writeln!(
                input,
                "-p {} {}@{} true",
                host.port, host.user, host.address
            )?;
        }
        run_with(&mut command, &input, PACE)
    }
}

/// The file of a machine.
fn machine(host: &Host, edit: usize) -> String {
    format!(
        "{{\n  deployment.targetHost = \"{}\";\n  deployment.targetPort = {};\n  \
         environment.etc.\"own\".text = \"{}, edit {edit}\";\n}}\n",
        host.address, host.port, host.name,
    )
}

/// Writes programs of Nix to a directory: the real ones, but that the start of an evaluation is written down.
fn write_counting(directory: &Path) -> Result<()> {
    fs::create_dir_all(directory)?;
    for name in ["nix", "nix-store", "nix-daemon"] {
        symlink(which::which(name)?, directory.join(name))?;
    }
    let program = directory.join("nix-instantiate");
    let text = format!(
        "#!/bin/sh\necho \"$*\" >> {}\nexec {} \"$@\"\n",
        directory.join(LOG).display(),
        which::which("nix-instantiate")?.display()
    );
    fs::write(&program, text)?;
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
    Ok(())
}
