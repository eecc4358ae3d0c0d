//! A provider: its name and its types.

use std::collections::BTreeMap;
use std::io::{BufRead, Write};
use std::process::ExitCode;
use std::time::Duration;

use crate::command_line;
use crate::protocol::{Program, TypeInfo, TypeSchemas};
use crate::resource::{Resource, Type, Typed};
use crate::serve::{self, Error};

/// A provider of resources.
pub struct Provider {
    pub(crate) program: Program,
    pub(crate) types: BTreeMap<&'static str, Box<dyn Type>>,
    pub(crate) threads: usize,
    pub(crate) grace: Duration,
    pub(crate) patience: Duration,
}

impl Provider {
    /// A provider without types.
    pub fn new(name: impl Into<String>, version: impl Into<String>) -> Self {
        Self {
            program: Program {
                name: name.into(),
                version: version.into(),
            },
            types: BTreeMap::new(),
            threads: 16,
            grace: Duration::from_secs(10),
            patience: Duration::from_mins(30),
        }
    }

    /// Adds a type.
    ///
    /// # Panics
    ///
    /// If the provider has the type already, or its name is not made of letters, digits, `-` and `_`.
    #[must_use]
    pub fn with<R: Resource>(mut self, resource: R) -> Self {
        let name = R::TYPE;
        let fits = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
        assert!(
            !name.is_empty() && name.chars().all(fits),
            "`{name}` is no name of a type"
        );
        let former = self.types.insert(name, Box::new(Typed::new(resource)));
        assert!(former.is_none(), "the provider has two types `{name}`");
        self
    }

    /// Sets how many requests run at the same time at most; 16 if it is not said.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads.max(1);
        self
    }

    /// Sets how long requests may go on when the input has closed before they are cancelled, and
    /// then how long they may take to stop; 10 seconds if it is not said.
    #[must_use]
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Sets how long what creates, changes or deletes something may go on after the input has closed,
    /// even if it does not stop when it is cancelled; half an hour if it is not said. Other requests are
    /// left then.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Runs the command line of the provider: it serves NixOps, or prints schemas.
    pub fn main(self) -> ExitCode {
        command_line::run(self, std::env::args_os().skip(1))
    }

    /// Answers requests on standard input and output until the input closes.
    ///
    /// The two are set aside for the protocol: whatever reads standard input finds it empty, and
    /// whatever is printed goes to standard error. Child processes get neither.
    pub fn serve(self) -> Result<(), Error> {
        let (input, output) = serve::take_standard_streams()?;
        self.serve_on(input, output)
    }

    /// Answers requests on other streams, as in tests.
    pub fn serve_on(
        self,
        input: impl BufRead,
        output: impl Write + Send + 'static,
    ) -> Result<(), Error> {
        serve::run(self, input, Box::new(output))
    }

    /// The schemas of all types.
    pub fn schemas(&self) -> TypeSchemas {
        let types = self.types.iter();
        types
            .map(|(name, of_type)| ((*name).to_owned(), of_type.schema().clone()))
            .collect()
    }

    pub(crate) fn infos(&self) -> BTreeMap<String, TypeInfo> {
        let types = self.types.iter();
        types
            .map(|(name, of_type)| ((*name).to_owned(), of_type.info()))
            .collect()
    }
}
