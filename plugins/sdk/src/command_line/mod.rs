//! The command line of a provider.

mod files;

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::{Map, Value, json};

use crate::resource::schema_value;
use crate::{Provider, schema_file, serve};

/// What the command line asks for.
#[derive(Debug, PartialEq)]
enum Command {
    Serve,
    Schemas,
    Schema(String),
    Write { directory: PathBuf, check: bool },
    Help,
    Version,
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("{0}")]
    Usage(String),
    #[error("there is no type `{name}`; there are: {known}")]
    UnknownType { name: String, known: String },
    #[error("while writing {}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("while reading {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} not current: {}", if files.len() == 1 { "a schema is" } else { "schemas are" }, files.join(", "))]
    Stale { files: Vec<String> },
    #[error("while printing")]
    Print(#[source] io::Error),
    #[error(transparent)]
    Serve(#[from] serve::Error),
}

/// Does what the command line asks for.
pub(crate) fn run(provider: Provider, arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let name = provider.program.name.clone();
    let done = parse(arguments).and_then(|command| execute(provider, command));
    let Err(error) = done else {
        return ExitCode::SUCCESS;
    };
    let mut text = format!("{name}: {error}");
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    if let Some(hint) = error.hint(&name) {
        text = format!("{text}\nhint: {hint}");
    }
    let _ = writeln!(io::stderr(), "{text}");
    ExitCode::from(if matches!(error, Error::Usage(_)) {
        2
    } else {
        1
    })
}

impl Error {
    fn hint(&self, name: &str) -> Option<String> {
        match self {
            Self::Usage(_) => Some(format!("see `{name} --help`")),
            Self::Stale { .. } => Some("run the same without `--check`".to_owned()),
            _ => None,
        }
    }
}

fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Command, Error> {
    let words: Vec<String> = arguments
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if words.iter().any(|word| matches!(*word, "--help" | "-h")) {
        return Ok(Command::Help);
    }
    match words.as_slice() {
        [] | ["serve"] => Ok(Command::Serve),
        ["help"] => Ok(Command::Help),
        ["--version" | "-V"] => Ok(Command::Version),
        ["schema", rest @ ..] => parse_schema(rest),
        [word, ..] => Err(Error::Usage(format!("`{word}` is not understood"))),
    }
}

fn parse_schema(words: &[&str]) -> Result<Command, Error> {
    let (mut of_type, mut directory, mut check) = (None, None, false);
    let mut words = words.iter();
    while let Some(&word) = words.next() {
        match word {
            "--check" => check = true,
            "--dir" => {
                let next = words.next();
                let next =
                    next.ok_or_else(|| Error::Usage("`--dir` wants a directory".to_owned()))?;
                directory = Some(PathBuf::from(next));
            }
            _ if word.starts_with('-') || of_type.is_some() => {
                return Err(Error::Usage(format!("`{word}` is not understood")));
            }
            _ => of_type = Some(word.to_owned()),
        }
    }
    match (of_type, directory, check) {
        (None, None, false) => Ok(Command::Schemas),
        (Some(of_type), None, false) => Ok(Command::Schema(of_type)),
        (None, Some(directory), check) => Ok(Command::Write { directory, check }),
        (_, None, true) => Err(Error::Usage("`--check` goes with `--dir`".to_owned())),
        (Some(_), Some(_), _) => Err(Error::Usage("`--dir` takes all types".to_owned())),
    }
}

fn execute(provider: Provider, command: Command) -> Result<(), Error> {
    match command {
        Command::Serve => {
            if io::stdin().is_terminal() {
                tell(&format!("{}\n", about_serving(&provider.program.name)));
            }
            Ok(provider.serve()?)
        }
        Command::Schemas => print(&all_schemas(&provider)),
        Command::Schema(name) => print(&schema(&provider, &name)?),
        Command::Write { directory, check } => files::write(&provider.schemas(), &directory, check),
        Command::Help => print(&help(&provider.program.name)),
        Command::Version => {
            let program = &provider.program;
            print(&format!("{} {}\n", program.name, program.version))
        }
    }
}

fn all_schemas(provider: &Provider) -> String {
    let schemas = provider.schemas();
    let files = schemas
        .iter()
        .map(|(name, of_type)| (name.clone(), schema_value(of_type)));
    let mut all = json!(files.collect::<Map<String, Value>>());
    all.sort_all_objects();
    format!("{all:#}\n")
}

fn schema(provider: &Provider, name: &str) -> Result<String, Error> {
    let schemas = provider.schemas();
    let found = schemas.get(name).map(schema_file);
    found.ok_or_else(|| Error::UnknownType {
        name: name.to_owned(),
        known: schemas.keys().cloned().collect::<Vec<_>>().join(", "),
    })
}

fn print(text: &str) -> Result<(), Error> {
    let mut stdout = io::stdout().lock();
    let printed = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
    match printed {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Error::Print(error)),
        _ => Ok(()),
    }
}

fn tell(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

fn about_serving(name: &str) -> String {
    format!(
        "{name} reads requests of NixOps, one a line, until its input closes; see `{name} --help`"
    )
}

fn help(name: &str) -> String {
    format!(
        "\
{name}: a provider of resources for NixOps

NixOps starts it without arguments and talks to it over standard input and output.

Usage:
  {name} [serve]                     answer requests until the input closes
  {name} schema [TYPE]               print the JSON Schemas of all types, or of one
  {name} schema --dir DIR            write them to DIR, one file a type
  {name} schema --dir DIR --check    fail if the files in DIR are not current
  {name} --help
  {name} --version
"
    )
}
