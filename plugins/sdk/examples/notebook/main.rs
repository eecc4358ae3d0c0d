//! A provider that keeps notes: files in books, which are directories.
//!
//! `NOTEBOOK` names the directory in which the books stand. Try it:
//!
//!     cargo run -p nixops-plugin --example notebook -- schema note

mod books;
mod notes;

use std::env;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use nixops_plugin::Provider;

use books::Books;
use notes::Notes;

fn main() -> ExitCode {
    let desk = PathBuf::from(env::var_os("NOTEBOOK").unwrap_or_else(|| "notebook".into()));
    Provider::new("notebook", env!("CARGO_PKG_VERSION"))
        .with(Books { desk: desk.clone() })
        .with(Notes { desk })
        .main()
}

/// What is there, or nothing.
fn if_there<T>(done: io::Result<T>) -> io::Result<Option<T>> {
    match done {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
