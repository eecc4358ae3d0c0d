//! The cloud's own command line, which knows nothing of NixOps.

mod cloud;

use std::{io::Write, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::cloud::keeper;

/// A cloud that fits in a laptop
#[derive(Debug, Parser)]
#[command(name = "nixops-neatcloud", version)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Looks at the cloud, and does to it what happens to clouds
    Cloud {
        #[command(subcommand)]
        verb: cloud::Verb,
    },
    /// Is what a server lives with
    #[command(hide = true)]
    Keep {
        /// Directory of the server
        server: PathBuf,
    },
}

/// Does what the command line says.
pub fn main() -> ExitCode {
    let done = match Arguments::parse().verb {
        Verb::Cloud { verb } => verb.run(),
        Verb::Keep { server } => keeper::keep(&server).map_err(Into::into),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Whoever closed standard error does not want to read it.
            let _ = writeln!(std::io::stderr(), "nixops-neatcloud: {error:#}");
            ExitCode::FAILURE
        }
    }
}
