//! What a person types and nobody is to see.

use std::{
    fs::File,
    io::{self, Read as _},
    os::fd::AsFd as _,
};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::{Zeroize as _, Zeroizing};

/// As long as this lives, the terminal does not show what is typed.
pub(super) struct Hidden {
    before: Option<Termios>,
}

impl Hidden {
    pub fn begin() -> Self {
        let before = tcgetattr(io::stdin()).ok();
        if let Some(before) = &before {
            let mut hidden = before.clone();
            hidden.local_modes.remove(LocalModes::ECHO);
            // The end of the line is all there is to see.
            hidden.local_modes.insert(LocalModes::ECHONL);
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, &hidden);
        }
        Self { before }
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            // What was typed and not read is no answer to what comes next.
            let _ = tcsetattr(io::stdin(), OptionalActions::Flush, before);
        }
    }
}

/// Reads a line, without its end, past the buffer of standard input, in which it would stay; none for no line.
pub(super) fn read_secret() -> Option<Zeroizing<String>> {
    let stdin = io::stdin().as_fd().try_clone_to_owned().ok()?;
    let mut stdin = File::from(stdin);
    let mut line = Zeroizing::new(Vec::with_capacity(4096));
    let mut byte = [0];
    loop {
        match stdin.read(&mut byte) {
            Ok(1) if byte == *b"\n" => break,
            Ok(1) => line.push(byte[0]),
            Ok(_) if line.is_empty() => return None,
            Ok(_) => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
    byte.zeroize();
    let text = std::str::from_utf8(&line).ok()?;
    Some(Zeroizing::new(text.trim_end_matches('\r').to_owned()))
}
