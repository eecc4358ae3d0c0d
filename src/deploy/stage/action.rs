//! What a provider does with a resource because a person asked for it.

use nixops_plugin::protocol::{Action, Attributes};
use serde_json::Value;

use crate::plugin::{QUESTION, WORK};
use crate::state::{Entry, Key, Operation, Stage as Step};

use super::super::Mutation;
use super::super::trouble::Trouble;
use super::Stage;

impl Stage<'_> {
    /// Has its provider do something with a resource: `action` in the provider's words. The journal has a line
    /// before and after.
    pub fn act(
        &self,
        _: &Mutation,
        key: &Key,
        action: &str,
        arguments: Attributes,
    ) -> Result<Value, Trouble> {
        let note = |step, remark: String| {
            let entry = Entry {
                remark: Some(remark),
                ..Entry::new(key, Operation::Act, step)
            };
            self.store.write(&entry, &[])
        };
        note(Step::Intent, action.to_owned())?;
        match self.request(key, action, arguments, WORK) {
            Ok(result) => {
                note(Step::Done, action.to_owned())?;
                Ok(result)
            }
            // How it ended is not known, and the intent stands for that.
            Err(Trouble::Interrupted) => Err(Trouble::Interrupted),
            Err(failed) => {
                let diagnostic = failed.into_diagnostic();
                note(Step::Failed, format!("{action}: {}", diagnostic.message))?;
                Err(Trouble::Failed(diagnostic))
            }
        }
    }

    /// Asks its provider something about a resource that changes nothing.
    pub fn ask(&self, key: &Key, action: &str, arguments: Attributes) -> Result<Value, Trouble> {
        self.request(key, action, arguments, QUESTION)
    }

    fn request(
        &self,
        key: &Key,
        action: &str,
        arguments: Attributes,
        limit: std::time::Duration,
    ) -> Result<Value, Trouble> {
        let records = self.store.records()?;
        let record = records
            .current
            .get(key)
            .ok_or_else(|| Trouble::not_made(&key.kind, Some("deploy it: that makes it")))?;
        let provider = self.preview.provider(key)?;
        let types = &provider.welcome().types;
        let actions = types
            .get(&key.kind)
            .map_or(&[][..], |info| info.actions.as_slice());
        if !actions.iter().any(|known| known == action) {
            let known = match actions {
                [] => "it can do nothing of the kind".to_owned(),
                known => format!("it can {}", known.join(", ")),
            };
            let message = format!("its backend `{}` cannot {action}", key.kind);
            return Err(Trouble::new(message, Some(known)));
        }
        let question = Action {
            resource: key.reference(self.preview.deployment),
            prior: self.store.reveal(record)?,
            action: action.to_owned(),
            arguments,
        };
        Ok(provider.action(&question, limit)?.result)
    }
}
