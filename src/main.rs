//! The program `nixops`.

use std::{env, process::ExitCode};

fn main() -> ExitCode {
    nixops::cli::main(env::args_os())
}
