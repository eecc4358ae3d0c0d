//! The trait of a type.

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Context, Failed, difference};
use crate::protocol::{
    Attributes, Dependency, Diagnostic, Difference, Kind, ResourceRef, ResourceState,
};

/// A type of resources, and how they are made.
///
/// One value stands for the type, not for one resource: what is known of a resource is given to each
/// method and given back by it.
pub trait Resource: Send + Sync + 'static {
    /// Name of the type: `resources.<type>`, or `deployment.targetEnv` for a backend of machines.
    const TYPE: &'static str;
    /// What the type describes.
    const KIND: Kind = Kind::Resource;
    /// Version of what is kept of a resource. A type that raises it has an [`upgrade`](Self::upgrade).
    const VERSION: u32 = 0;
    /// Words that [`action`](Self::action) takes.
    const ACTIONS: &'static [&'static str] = &[];

    /// Attributes that a user sets.
    type Options: DeserializeOwned + JsonSchema;
    /// Attributes that are known when the resource is there. For a backend of machines they say how
    /// a machine is reached; see [`MachineOutputs`](crate::MachineOutputs).
    type Outputs: Serialize + JsonSchema;

    /// Finds what no schema can say, and changes nothing.
    fn validate(
        &self,
        context: &Context,
        resource: &ResourceRef,
        options: &Self::Options,
    ) -> Vec<Diagnostic> {
        let _ = (context, resource, options);
        Vec::new()
    }

    /// Resources that must be there before this one.
    fn after(&self, options: &Self::Options) -> Vec<Dependency> {
        let _ = options;
        Vec::new()
    }

    /// Says what an update would do, and changes nothing. By default it is what [`difference`] finds.
    fn diff(
        &self,
        context: &Context,
        resource: &ResourceRef,
        prior: &ResourceState,
        inputs: &Attributes,
    ) -> Result<Difference, Failed> {
        let _ = resource;
        Ok(difference(context.schema(), prior, inputs))
    }

    /// Makes a resource that carries the token, or gives back the one that carries it.
    fn create(
        &self,
        context: &Context,
        resource: &ResourceRef,
        options: Self::Options,
        token: &str,
    ) -> Result<Made<Self::Outputs>, Failed>;

    /// Finds the resource that was made with a token.
    fn find(&self, context: &Context, token: &str) -> Result<Option<Made<Self::Outputs>>, Failed>;

    /// Looks at a resource; `None` if it is gone.
    fn read(
        &self,
        context: &Context,
        prior: &ResourceState,
    ) -> Result<Option<State<Self::Outputs>>, Failed>;

    /// Looks at many resources, and says in the same order what they are. By default it looks at
    /// each; a provider that can ask for all at once does so here.
    fn read_many(
        &self,
        context: &Context,
        prior: &[ResourceState],
    ) -> Result<Vec<Option<State<Self::Outputs>>>, Failed> {
        let read = |one| {
            context.stop_if_cancelled()?;
            self.read(context, one)
        };
        prior.iter().map(read).collect()
    }

    /// Brings a resource to other options. It is not asked for changes that replace the resource.
    fn update(
        &self,
        context: &Context,
        resource: &ResourceRef,
        prior: &ResourceState,
        options: Self::Options,
    ) -> Result<State<Self::Outputs>, Failed> {
        let _ = (context, resource, prior, options);
        Err(cannot::<Self>("be changed"))
    }

    /// Deletes a resource. One that is gone already is no error.
    fn delete(
        &self,
        context: &Context,
        resource: &ResourceRef,
        prior: &ResourceState,
    ) -> Result<(), Failed>;

    /// Takes over a resource that NixOps did not make: gives inputs that describe it, and its state.
    fn import(
        &self,
        context: &Context,
        resource: &ResourceRef,
        id: &str,
    ) -> Result<(Attributes, State<Self::Outputs>), Failed> {
        let _ = (context, resource, id);
        Err(cannot::<Self>("be imported"))
    }

    /// Brings what was kept under an older [`VERSION`](Self::VERSION) to today's form.
    fn upgrade(
        &self,
        context: &Context,
        version: u32,
        state: ResourceState,
    ) -> Result<ResourceState, Failed> {
        let _ = (context, state);
        Err(cannot::<Self>(&format!(
            "be upgraded from version {version}"
        )))
    }

    /// Does one of [`ACTIONS`](Self::ACTIONS).
    fn action(
        &self,
        context: &Context,
        resource: &ResourceRef,
        prior: &ResourceState,
        action: &str,
        arguments: &Attributes,
    ) -> Result<Value, Failed> {
        let _ = (context, resource, prior, arguments);
        Err(cannot::<Self>(&format!("do `{action}`")))
    }
}

fn cannot<R: Resource + ?Sized>(what: &str) -> Failed {
    Failed::unsupported(format!("a resource of type `{}` cannot {what}", R::TYPE))
}

/// A resource that is there.
#[derive(Clone, Debug, PartialEq)]
pub struct Made<Outputs> {
    /// How the provider calls it.
    pub id: String,
    /// What is known of it.
    pub state: State<Outputs>,
}

/// What is known of a resource.
#[derive(Clone, Debug, PartialEq)]
pub struct State<Outputs> {
    /// For the user and for other resources.
    pub outputs: Outputs,
    /// What the provider wants to remember.
    pub private: Option<Value>,
}

impl<Outputs> Made<Outputs> {
    /// A resource by its name at the provider, and its outputs.
    pub fn new(id: impl Into<String>, outputs: Outputs) -> Self {
        Self {
            id: id.into(),
            state: State::new(outputs),
        }
    }

    /// The same with something that the provider wants to remember.
    #[must_use]
    pub fn remember(mut self, private: impl Into<Value>) -> Self {
        self.state = self.state.remember(private);
        self
    }
}

impl<Outputs> State<Outputs> {
    /// Outputs, and nothing to remember.
    pub fn new(outputs: Outputs) -> Self {
        Self {
            outputs,
            private: None,
        }
    }

    /// The same with something that the provider wants to remember.
    #[must_use]
    pub fn remember(mut self, private: impl Into<Value>) -> Self {
        self.private = Some(private.into());
        self
    }
}
