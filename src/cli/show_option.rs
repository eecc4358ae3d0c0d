//! `nixops show-option`

use anyhow::{Context as _, Result};
use clap::Args;
use serde_json::Value;

use crate::{
    evaluator::Found,
    plan::{Selection, suggestion::nearest},
    schema::{attribute_path, read_attribute_path},
};

use super::{
    Context,
    plugins::schemas,
    session::{Intent, Session},
    source::SourceArguments,
    state::StateArguments,
};

/// Show the value of an option of a machine
///
/// Any option of NixOS, or what its value has at a path; of a name with options below it, those that
/// have a value. What is known of the network's resources is part of it; what nobody may see is not.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops show-option web networking.hostName
  nixops show-option web 'environment.etc.\"motd\".text'
  nixops show-option web services.nginx               all that is set below it
  nixops show-option web networking.firewall.allowedTCPPorts --json | jq length")]
pub struct ShowOption {
    /// The machine
    machine: String,

    /// The option, with dots between its names
    #[arg(value_name = "OPTION")]
    path: String,

    /// Has no meaning any more: what is known of resources is always part of the value
    #[arg(long, hide = true)]
    include_physical: bool,

    #[command(flatten)]
    source: SourceArguments,

    #[command(flatten)]
    state: StateArguments,
}

/// Why there is no value.
#[derive(Debug, thiserror::Error)]
pub enum OptionError {
    /// What was typed is no path.
    #[error(
        "{0:?} is no name of an option: names stand with dots between them, quoted if they have a dot"
    )]
    NoPath(String),
    /// Several machines are meant.
    #[error("{pattern} means {}, and an option is that of one machine", .machines.join(", "))]
    Several {
        /// What was typed.
        pattern: String,
        /// The machines.
        machines: Vec<String>,
    },
    /// There is nothing at the path.
    #[error("{machine} has no option {option}{}", .plain.as_ref().map_or_else(String::new, |plain| format!(": {plain} is a value with no names in it")))]
    Unknown {
        /// The machine.
        machine: String,
        /// The path up to the first name that is not there.
        option: String,
        /// The path of the value that has no names.
        plain: Option<String>,
        /// What may have been meant.
        nearest: Option<String>,
    },
}

impl OptionError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoPath(_) => Some("for example environment.etc.\"motd\".text".to_owned()),
            Self::Several { .. } => None,
            Self::Unknown { nearest, .. } => nearest
                .as_ref()
                .map(|nearest| format!("did you mean {nearest}?")),
        }
    }

    fn unknown(machine: &str, seen: &[String], unknown: &str, known: &[String]) -> Self {
        let here = seen.iter().map(String::as_str);
        let at = |name| attribute_path(here.clone().chain([name]));
        let nearest = nearest(unknown, known.iter().map(String::as_str));
        Self::Unknown {
            machine: machine.to_owned(),
            option: at(unknown),
            plain: known.is_empty().then(|| attribute_path(here.clone())),
            nearest: nearest.map(at),
        }
    }
}

impl ShowOption {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let path = read_attribute_path(&self.path)
            .ok_or_else(|| OptionError::NoPath(self.path.clone()))?;
        let session = Session::begin(context, &self.source, &self.state, Intent::default())?;
        let machine = self.machine(&session.names.machines)?;
        let schemas = schemas(&session.ground.plugins)?;
        let known = session.known(&schemas)?;
        let tell = |text| context.ui.warning(Some(&machine), text, None);
        let found = session.evaluator.option(&machine, &path, &known, tell)?;
        let value = value(&machine, found)?;
        let value = schemas.redact_option(&path, value);
        let text = if context.global.json {
            serde_json::to_string(&value)
        } else {
            serde_json::to_string_pretty(&value)
        };
        context.ui.data(text.context("while writing the value")?);
        Ok(0)
    }

    fn machine(&self, all: &[String]) -> Result<String> {
        let selection = Selection::parse(std::slice::from_ref(&self.machine), &[])?;
        let mut machines = selection.resolve(all, &std::collections::BTreeMap::new())?;
        match machines.len() {
            1 => Ok(machines.remove(0)),
            _ => Err(OptionError::Several {
                pattern: self.machine.clone(),
                machines,
            }
            .into()),
        }
    }
}

fn value(machine: &str, found: Found) -> Result<Value, OptionError> {
    match found {
        Found::Value { value } => Ok(value),
        Found::Nothing {
            seen,
            unknown,
            known,
        } => Err(OptionError::unknown(machine, &seen, &unknown, &known)),
    }
}
