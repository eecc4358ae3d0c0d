//! `rig`: throw-away hosts for scripts.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::Parser;

mod cli;

fn main() -> ExitCode {
    let arguments = cli::Arguments::parse();
    match arguments.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Whoever closed standard error does not want to read it.
            let _ = writeln!(io::stderr(), "rig: {error:#}");
            ExitCode::FAILURE
        }
    }
}
