//! Verbs of the command `rig`, a file for each.

use clap::{Parser, Subcommand};

mod down;
mod exec;
mod hold;
mod record;
mod run;
mod up;

/// Throw-away hosts with a Nix store and an sshd of their own
///
/// A host is a process tree in namespaces on this machine. It shows the machine's programs, and has its own /etc,
/// /nix, /run, /var, /root, /home, /tmp and /boot. Its sshd listens on a loopback address of its own.
/// Needs root, OpenSSH and Nix; needs no systemd, no containers, no virtual machines.
#[derive(Debug, Parser)]
#[command(name = "rig", version, after_help = EXAMPLE)]
pub struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

const EXAMPLE: &str = "\
Example, as a script:
  dir=$(mktemp -d)
  trap 'rig down --dir $dir; rm -r $dir' EXIT
  rig up --dir $dir --owner $$ web db
  rig run --dir $dir -- ssh -p \"$(jq .hosts[0].port $dir/rig.json)\" root@\"$(jq -r .hosts[0].address $dir/rig.json)\" id
  rig exec --dir $dir db -- nix-store --version";

#[derive(Debug, Subcommand)]
enum Verb {
    Up(up::Up),
    Down(down::Down),
    Run(run::Run),
    Exec(exec::Exec),
    #[command(hide = true)]
    Hold(hold::Hold),
}

impl Arguments {
    /// Does what was asked for.
    pub fn run(self) -> anyhow::Result<()> {
        match self.verb {
            Verb::Up(up) => up.run(),
            Verb::Down(down) => down.run(),
            Verb::Run(run) => run.run(),
            Verb::Exec(exec) => exec.run(),
            Verb::Hold(hold) => hold.run(),
        }
    }
}
