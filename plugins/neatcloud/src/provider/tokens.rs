//! `resources.neatcloudTokens.<name>`: tokens that let programs use the cloud's interface.
//!
//! Notes are not unique, so a token can be made before the one that it replaces is deleted.

use std::{fs::File, io::Read as _};

use nixops_plugin::{
    Attributes, Context, Diagnostic, Difference, Failed, JsonSchema, Made, Resource, ResourceRef,
    ResourceState, State, difference,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Api;
use crate::{
    cloud::{ApiToken, CloudError, Entry, Scope, new_id},
    faults::Call,
};

/// A token that lets programs use the interface of NeatCloud.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "NeatCloud token")]
pub struct Options {
    /// What the token is for.
    #[serde(default)]
    note: String,
    /// What the token allows. Another scope needs a new token.
    #[serde(default)]
    #[schemars(extend("x-nixops-replace" = true))]
    scope: Scope,
    /// What the holder of the token has to know beside it.
    #[serde(default)]
    #[schemars(extend("x-nixops-sensitive" = true))]
    password: Option<String>,
}

/// What is known of a token.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Outputs {
    /// Id of the token in the cloud.
    id: String,
    /// What the holder of the token shows.
    #[schemars(extend("x-nixops-sensitive" = true))]
    secret: String,
}

/// The type.
pub struct Tokens(pub Api);

const TYPE: &str = "neatcloudTokens";

/// The cloud's form has one line.
const LONGEST_NOTE: usize = 200;

impl Resource for Tokens {
    const TYPE: &'static str = TYPE;
    type Options = Options;
    type Outputs = Outputs;

    fn validate(&self, _: &Context, _: &ResourceRef, options: &Options) -> Vec<Diagnostic> {
        let fits = options.note.len() <= LONGEST_NOTE && !options.note.contains('\n');
        let wrong = || {
            Diagnostic::error(["note"], "the cloud does not take this note")
                .hint(format!("it may have one line of {LONGEST_NOTE} bytes"))
        };
        (!fits).then(wrong).into_iter().collect()
    }

    fn diff(
        &self,
        context: &Context,
        _: &ResourceRef,
        prior: &ResourceState,
        inputs: &Attributes,
    ) -> Result<Difference, Failed> {
        let mut difference = difference(context.schema(), prior, inputs);
        difference.stable = ["id", "secret"].map(str::to_owned).to_vec();
        Ok(difference)
    }

    fn create(
        &self,
        context: &Context,
        resource: &ResourceRef,
        options: Options,
        token: &str,
    ) -> Result<Made<Outputs>, Failed> {
        let secret = new_secret()?;
        let make = || {
            self.0.cloud.change(|truth| {
                if let Some((id, made)) = truth.token_of_token(token) {
                    return Ok::<_, Failed>(found(id, made));
                }
                let new = ApiToken {
                    token: token.to_owned(),
                    note: options.note,
                    scope: options.scope,
                    secret,
                    password: options.password,
                };
                let id = new_id("tok");
                let made = found(&id, &new);
                truth.set(Entry::Token(id, Some(new)));
                Ok(made)
            })
        };
        let call = call("create", &resource.name);
        self.0
            .call(context, &call, make, |made| self.remove(&made.id))
    }

    fn find(&self, context: &Context, token: &str) -> Result<Option<Made<Outputs>>, Failed> {
        let find = || {
            let made = self.0.cloud.look(|truth| {
                let (id, made) = truth.token_of_token(token)?;
                Some(found(id, made))
            });
            Ok(made?)
        };
        self.0.call(context, &call("find", ""), find, |_| Ok(()))
    }

    fn read(
        &self,
        context: &Context,
        prior: &ResourceState,
    ) -> Result<Option<State<Outputs>>, Failed> {
        let mut read = self.read_many(context, std::slice::from_ref(prior))?;
        Ok(read.pop().flatten())
    }

    fn read_many(
        &self,
        context: &Context,
        prior: &[ResourceState],
    ) -> Result<Vec<Option<State<Outputs>>>, Failed> {
        let read = || {
            let read = self.0.cloud.look(|truth| {
                let ids = prior.iter().map(|prior| &prior.id);
                ids.map(|id| truth.tokens().get(id).map(|token| state(id, token)))
                    .collect()
            });
            Ok(read?)
        };
        self.0.call(context, &call("read", ""), read, |_| Ok(()))
    }

    fn update(
        &self,
        context: &Context,
        resource: &ResourceRef,
        prior: &ResourceState,
        options: Options,
    ) -> Result<State<Outputs>, Failed> {
        let update = || {
            self.0.cloud.change(|truth| {
                let token = truth.tokens().get(&prior.id).ok_or_else(gone)?.clone();
                let token = ApiToken {
                    note: options.note,
                    password: options.password,
                    ..token
                };
                let state = state(&prior.id, &token);
                truth.set(Entry::Token(prior.id.clone(), Some(token)));
                Ok::<_, Failed>(state)
            })
        };
        let call = call("update", &resource.name);
        self.0
            .call(context, &call, update, |_| self.remove(&prior.id))
    }

    fn delete(
        &self,
        context: &Context,
        resource: &ResourceRef,
        prior: &ResourceState,
    ) -> Result<(), Failed> {
        let delete = || Ok(self.remove(&prior.id)?);
        let call = call("delete", &resource.name);
        self.0.call(context, &call, delete, |()| Ok(()))
    }

    fn import(
        &self,
        context: &Context,
        resource: &ResourceRef,
        id: &str,
    ) -> Result<(Attributes, State<Outputs>), Failed> {
        let import = || {
            let found = self.0.cloud.look(|truth| {
                let token = truth.tokens().get(id)?;
                let inputs = json!({ "note": token.note, "scope": token.scope });
                Some((inputs, state(id, token)))
            })?;
            let (inputs, state) = found.ok_or_else(gone)?;
            Ok((inputs.as_object().cloned().unwrap_or_default(), state))
        };
        self.0
            .call(context, &call("import", &resource.name), import, |_| Ok(()))
    }
}

impl Tokens {
    fn remove(&self, id: &str) -> Result<(), CloudError> {
        self.0.cloud.change(|truth| {
            truth.set(Entry::Token(id.to_owned(), None));
            Ok(())
        })
    }
}

fn call<'a>(method: &'static str, name: &'a str) -> Call<'a> {
    Call {
        method,
        kind: TYPE,
        name,
    }
}

fn found(id: &str, token: &ApiToken) -> Made<Outputs> {
    Made {
        id: id.to_owned(),
        state: state(id, token),
    }
}

fn state(id: &str, token: &ApiToken) -> State<Outputs> {
    State::new(Outputs {
        id: id.to_owned(),
        secret: token.secret.clone(),
    })
}

/// What nobody can guess.
fn new_secret() -> Result<String, Failed> {
    let mut bytes = [0; 24];
    let read = File::open("/dev/urandom").and_then(|mut random| random.read_exact(&mut bytes));
    read.map_err(|error| Failed::new("while making a secret").because(error))?;
    let secret = bytes.iter().fold("neat-".to_owned(), |secret, byte| {
        format!("{secret}{byte:02x}")
    });
    Ok(secret)
}

fn gone() -> Failed {
    Failed::not_found("the cloud has no such token")
}
