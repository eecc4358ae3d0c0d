//! Standard input and output, set aside for the protocol.

use std::fs::File;
use std::io::{self, BufReader, Write};

use rustix::io::fcntl_dupfd_cloexec;
use rustix::stdio::{dup2_stdin, dup2_stdout};

use super::Error;

/// Takes both streams away from the rest of the program: what it prints goes to standard error, and
/// what it reads is empty. The copies are closed in child processes.
pub(crate) fn take_standard_streams() -> Result<(BufReader<File>, File), Error> {
    take().map_err(Error::Streams)
}

fn take() -> io::Result<(BufReader<File>, File)> {
    // What was printed before is not part of the protocol either, so it is not flushed first.
    let input = File::from(fcntl_dupfd_cloexec(io::stdin(), 3)?);
    let output = File::from(fcntl_dupfd_cloexec(io::stdout(), 3)?);
    dup2_stdin(File::open("/dev/null")?)?;
    dup2_stdout(io::stderr())?;
    io::stdout().flush()?;
    Ok((BufReader::with_capacity(1 << 16, input), output))
}
