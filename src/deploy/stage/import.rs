//! Taking over what NixOps did not make.

use nixops_plugin::protocol::{Import, ResourceState};

use crate::plugin::WORK;
use crate::state::{
    Change, Entry, Key, Operation, Phase, Record, SecretParts, Secrets, Stage as Progress,
};

use super::super::Mutation;
use super::super::token::new_token;
use super::super::trouble::Trouble;
use super::Stage;
use super::survey::Survey;

impl Stage<'_> {
    /// Takes over a resource that is there as one of the network's. Its provider tells what it is; the next
    /// plan says how that differs from what the network wants.
    pub fn import(
        &self,
        _: &Mutation,
        survey: &Survey<'_>,
        key: &Key,
        id: &str,
    ) -> Result<(), Trouble> {
        if survey.records.current.contains_key(key) {
            let message = format!("{key} is recorded already");
            let hint =
                "`nixops info` shows what is recorded; destroy it first, or import as another name";
            return Err(Trouble::new(message, Some(hint.to_owned())));
        }
        let Some(wanted) = survey.wishes.wanted.get(key) else {
            return Err(unknown(survey, key));
        };
        let provider = self.preview.provider(key)?;
        let work = Import {
            resource: key.reference(self.preview.deployment),
            id: id.to_owned(),
        };
        let imported = provider.import(&work, WORK);
        let imported = imported.map_err(|error| {
            Trouble::from(error).within(&format!("cannot take over `{id}` as {key}"))
        })?;
        self.preview.check_outputs(key, &imported.outputs)?;
        let (inputs, secret_inputs) =
            self.preview
                .divide_inputs(key, &imported.inputs, &imported.inputs);
        let (outputs, secret_outputs) = self.preview.divide_outputs(key, imported.outputs);
        let record = Record {
            plugin: provider.subject().origin.plugin.clone(),
            version: self.preview.version(key),
            token: new_token()?,
            phase: Phase::Ready,
            state: ResourceState {
                id: id.to_owned(),
                inputs,
                outputs,
                private: None,
            },
            secrets: Secrets::of(SecretParts {
                inputs: secret_inputs,
                outputs: secret_outputs,
                private: imported.private,
            }),
            needs: survey.needs().get(key).cloned().unwrap_or_default(),
            lifecycle: wanted.lifecycle.clone(),
        };
        let entry = Entry {
            token: Some(record.token.clone()),
            ..Entry::new(key, Operation::Import, Progress::Done)
        };
        let put = Change::Put(key.clone(), Box::new(record));
        Ok(self.store.write(&entry, &[put])?)
    }
}

fn unknown(survey: &Survey<'_>, key: &Key) -> Trouble {
    let names = survey.wishes.wanted.keys().map(ToString::to_string);
    let names: Vec<String> = names.collect();
    let message = format!("the network has no {key}; it has {}", names.join(", "));
    let hint = "add it to the network first: what is imported becomes one of its resources";
    Trouble::new(message, Some(hint.to_owned()))
}
