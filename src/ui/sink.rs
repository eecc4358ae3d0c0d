//! Where text goes, with its colours or without.

use std::io::{self, Write};

use anstream::adapter::strip_str;

use super::color::{ERROR, paint};

/// A stream that takes styled text and drops the styles where they are not wanted.
pub(super) struct Sink {
    writer: Box<dyn Write + Send>,
    color: bool,
    failure: Option<io::Error>,
}

impl Sink {
    pub(super) fn new(writer: Box<dyn Write + Send>, color: bool) -> Self {
        Self {
            writer,
            color,
            failure: None,
        }
    }

    /// Writes text as it is. A reader that went away, as `head` does, is no error of the run.
    pub(super) fn write(&mut self, text: &str) {
        let text = self.styled(text);
        let written = self.writer.write_all(text.as_bytes());
        if let Err(error) = written.and_then(|()| self.writer.flush())
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            self.failure.get_or_insert(error);
        }
    }

    /// Tells whether all that was written has arrived; says on `err` why not.
    pub(super) fn is_complete(&self, err: &mut Self) -> bool {
        if let Some(failure) = &self.failure {
            let title = paint(ERROR, "error:");
            err.line(&format!(
                "{title} cannot write to standard output: {failure}"
            ));
        }
        self.failure.is_none()
    }

    /// Writes a line.
    pub(super) fn line(&mut self, text: &str) {
        self.write(&format!("{text}\n"));
    }

    /// The text with its styles, if this stream has any.
    pub(super) fn styled(&self, text: &str) -> String {
        if self.color {
            text.to_owned()
        } else {
            strip_str(text).to_string()
        }
    }

    pub(super) fn color(&self) -> bool {
        self.color
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;

    /// A stream that remembers.
    #[derive(Clone, Default)]
    pub(in crate::ui) struct Memory(Arc<Mutex<Vec<u8>>>);

    impl Memory {
        pub(in crate::ui) fn sink(&self) -> Sink {
            Sink::new(Box::new(self.clone()), false)
        }

        pub(in crate::ui) fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Memory {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn styles_go_where_they_are_wanted_only() {
        let memory = Memory::default();
        memory.sink().line("\x1b[1mweb\x1b[0m");
        Sink::new(Box::new(memory.clone()), true).line("\x1b[1mweb\x1b[0m");
        assert_eq!(memory.text(), "web\n\x1b[1mweb\x1b[0m\n");
    }
}
