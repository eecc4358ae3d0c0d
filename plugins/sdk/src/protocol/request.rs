//! Parameters and results of the methods.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Attributes, Diagnostic, Kind, RequestId, ResourceRef, ResourceState, Severity, TypeSchemas,
};

macro_rules! messages {
    ($($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* })*) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        pub struct $name { $($(#[$field_meta])* pub $field: $type,)* }
    )*};
}

/// Parameters of `hello`, always the first request. Fields that a provider does not know are for
/// later versions and are ignored here, and in [`Welcome`], alone.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Hello {
    /// Versions of the protocol that NixOps speaks.
    pub protocol: Versions,
    /// NixOps.
    pub client: Program,
}

/// Result of `hello`.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Welcome {
    /// The version that both will speak: the newest that both know.
    pub protocol: u32,
    /// The provider.
    pub provider: Program,
    /// Its types by name.
    pub types: BTreeMap<String, TypeInfo>,
}

messages! {
    /// A range of versions, both ends included.
    Versions {
        /// The oldest.
        oldest: u32,
        /// The newest.
        newest: u32,
    }

    /// A program and its version.
    Program {
        /// Name.
        name: String,
        /// Version, in whatever form the program has.
        version: String,
    }

    /// What a provider can do with a type.
    TypeInfo {
        /// What the type describes.
        #[serde(default)]
        kind: Kind,
        /// Version of what is kept of a resource.
        #[serde(default)]
        version: u32,
        /// Words that `action` takes.
        #[serde(default)]
        actions: Vec<String>,
    }

    /// Parameters of `schema`.
    SchemaRequest {}

    /// Result of `schema`.
    Schemas {
        /// The schemas by type.
        types: TypeSchemas,
    }

    /// Parameters of `validate`: what no schema can say is checked, and nothing is changed.
    Validate {
        /// The resource.
        resource: ResourceRef,
        /// Its inputs.
        inputs: Attributes,
    }

    /// Result of `validate`.
    Validated {
        /// What is wrong; nothing may be done where one is an error.
        #[serde(default)]
        diagnostics: Vec<Diagnostic>,
        /// Resources that must be there before this one. Those that the deployment does not have
        /// are ignored.
        #[serde(default)]
        after: Vec<Dependency>,
    }

    /// A resource that another one needs.
    Dependency {
        /// Its type.
        #[serde(rename = "type")]
        kind: String,
        /// Its name in the network; all of the type if it is not said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    }

    /// Parameters of `diff`: what would an update do? Nothing is changed.
    Diff {
        /// The resource.
        resource: ResourceRef,
        /// What it is now.
        prior: ResourceState,
        /// What it is to be.
        inputs: Attributes,
    }

    /// Result of `diff`.
    Difference {
        /// What differs; empty if nothing is to be done.
        changes: Vec<Change>,
        /// Names of outputs that stay as they are in an update.
        #[serde(default)]
        stable: Vec<String>,
    }

    /// An attribute that differs.
    Change {
        /// The attribute, name by name.
        path: Vec<String>,
        /// How it differs.
        kind: ChangeKind,
        /// Whether it can only be changed by a new resource in place of the old one.
        #[serde(default)]
        replace: bool,
    }

    /// Parameters of `create`.
    Create {
        /// The resource.
        resource: ResourceRef,
        /// Its inputs.
        inputs: Attributes,
        /// A word that no other resource has. A second `create` with the same word must not make a
        /// second resource, and `find` finds the resource by it.
        token: String,
    }

    /// Result of `create`.
    Created {
        /// How the provider calls the resource.
        id: String,
        /// What is known of it now.
        outputs: Attributes,
        /// What the provider wants to remember.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        private: Option<Value>,
    }

    /// Parameters of `find`.
    Find {
        /// Type of the resource.
        #[serde(rename = "type")]
        kind: String,
        /// The word that `create` was given.
        token: String,
    }

    /// Result of `find`.
    Found {
        /// The resource, if there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        resource: Option<Created>,
    }

    /// Parameters of `read`.
    Read {
        /// Type of the resources.
        #[serde(rename = "type")]
        kind: String,
        /// What is kept of each.
        resources: Vec<ResourceState>,
    }

    /// Result of `read`.
    ReadResult {
        /// For each resource that was asked for, in the same order, what it is; null if it is gone.
        resources: Vec<Option<Updated>>,
    }

    /// Parameters of `update`.
    Update {
        /// The resource.
        resource: ResourceRef,
        /// What it is now.
        prior: ResourceState,
        /// What it is to be.
        inputs: Attributes,
    }

    /// Result of `update`, and what `read` says of a resource.
    Updated {
        /// What is known of it now.
        outputs: Attributes,
        /// What the provider wants to remember.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        private: Option<Value>,
    }

    /// Parameters of `delete`. A resource that is gone already is no error.
    Delete {
        /// The resource.
        resource: ResourceRef,
        /// What it is now.
        prior: ResourceState,
    }

    /// A result that says nothing but that it is done.
    Nothing {}

    /// Parameters of `import`: takes over a resource that NixOps did not make.
    Import {
        /// The resource that it becomes.
        resource: ResourceRef,
        /// How the provider calls it.
        id: String,
    }

    /// Result of `import`.
    Imported {
        /// Inputs that describe it.
        inputs: Attributes,
        /// What is known of it.
        outputs: Attributes,
        /// What the provider wants to remember.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        private: Option<Value>,
    }

    /// Parameters of `upgrade`: brings what an older provider kept to the form of this one.
    Upgrade {
        /// Type of the resource.
        #[serde(rename = "type")]
        kind: String,
        /// Version that the type had when this was kept.
        version: u32,
        /// What was kept.
        state: ResourceState,
    }

    /// Result of `upgrade`.
    Upgraded {
        /// The same in the form of this provider.
        state: ResourceState,
    }

    /// Parameters of `action`.
    Action {
        /// The resource.
        resource: ResourceRef,
        /// What it is now.
        prior: ResourceState,
        /// What to do: `start`, `stop`, `reboot`, `backup`, `restore`, `console`, or a word of the
        /// provider's own.
        action: String,
        /// More about it.
        #[serde(default)]
        arguments: Attributes,
    }

    /// Result of `action`.
    ActionResult {
        /// What there is to say.
        #[serde(default)]
        result: Value,
    }

    /// Parameters of `cancel`: the answer to a request is wanted no more. The provider answers it all
    /// the same, with the failure `cancelled` if it stopped.
    Cancel {
        /// The request.
        id: RequestId,
    }

    /// Parameters of `log`.
    Log {
        /// Request that it is about, if it is about one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request: Option<RequestId>,
        /// How important it is.
        #[serde(default)]
        level: LogLevel,
        /// What there is to say.
        message: String,
    }

    /// Parameters of `progress`.
    Progress {
        /// Request that it is about.
        request: RequestId,
        /// What is being done.
        message: String,
        /// How much of it is done.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        done: Option<u64>,
        /// Of how much.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        total: Option<u64>,
    }
}

/// How an attribute differs.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ChangeKind {
    /// It was not there.
    Add,
    /// It had another value.
    Update,
    /// It is there no more.
    Remove,
}

/// How important a line of a log is.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum LogLevel {
    /// For who looks for a defect.
    Debug,
    /// For everybody.
    #[default]
    Info,
    /// Something is wrong, but it goes on.
    Warning,
}

impl Validated {
    /// Whether nothing may be done.
    pub fn is_refused(&self) -> bool {
        let mut diagnostics = self.diagnostics.iter();
        diagnostics.any(|diagnostic| diagnostic.severity == Severity::Error)
    }
}

impl Dependency {
    /// A resource by its type and its name.
    pub fn on(kind: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            kind: kind.into(),
            name: Some(name.into()),
        }
    }

    /// All resources of a type.
    pub fn on_all(kind: impl Into<String>) -> Self {
        Self {
            kind: kind.into(),
            name: None,
        }
    }
}
