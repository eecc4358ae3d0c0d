use serde_json::Value;

use super::{Error, Nix, Program, Result};
use crate::process::Processes;

/// What Nix is set to do, by its files, its environment and the user.
#[derive(Clone, Debug)]
pub struct Settings {
    text: String,
    values: Value,
}

impl Settings {
    /// All of it, for comparison alone: there may be secrets in it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether expressions may run programs, or Nix is given builtins of somebody else.
    pub fn lets_evaluation_do_anything(&self) -> bool {
        let value = |name: &str| self.values.get(name)?.get("value");
        let is_set = |name| {
            let unset = [Value::Bool(false), Value::Array(Vec::new()), Value::Null];
            value(name).is_some_and(|value| !unset.contains(value))
        };
        is_set("allow-unsafe-native-code-during-evaluation") || is_set("plugin-files")
    }
}

impl Nix {
    /// Asks for all settings as they are in effect.
    pub fn all_settings(&self, processes: &Processes) -> Result<Settings> {
        let [likely, other] = self.version().show_settings();
        let asked = self.ask_settings(likely, processes);
        asked.or_else(|_| self.ask_settings(other, processes))
    }

    fn ask_settings(&self, words: &[&str], processes: &Processes) -> Result<Settings> {
        let mut command = self.command(Program::Nix);
        command.args(words).arg("--json");
        let output = processes
            .output(&mut command, "ask for the settings of Nix", None)?
            .checked()?;
        let text = output.stdout_text();
        let values = serde_json::from_str(&text).map_err(|source| Error::Answer {
            command: "nix show-config",
            source,
        })?;
        Ok(Settings {
            text: text.into_owned(),
            values,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> Settings {
        Settings {
            text: text.to_owned(),
            values: serde_json::from_str(text).unwrap(),
        }
    }

    #[test]
    fn programs_and_builtins_of_others_are_noticed() {
        let anything = |text| settings(text).lets_evaluation_do_anything();
        assert!(!anything("{}"));
        assert!(!anything(
            r#"{ "plugin-files": { "value": [] },
                 "allow-unsafe-native-code-during-evaluation": { "value": false } }"#
        ));
        assert!(anything(r#"{ "plugin-files": { "value": ["/x.so"] } }"#));
        assert!(anything(
            r#"{ "allow-unsafe-native-code-during-evaluation": { "value": true } }"#
        ));
    }
}
