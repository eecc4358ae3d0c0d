//! The methods of the protocol by name.

use std::time::Duration;

use nixops_plugin::protocol::{
    Action, ActionResult, Create, Created, Delete, Diff, Difference, Find, Found, Import, Imported,
    Nothing, Read, ReadResult, SchemaRequest, Schemas, TypeSchemas, Update, Updated, Upgrade,
    Upgraded, Validate, Validated,
};

use super::{Error, Provider, Result};

macro_rules! methods {
    ($($(#[$meta:meta])* $name:ident($params:ty) -> $result:ty;)*) => {$(
        $(#[$meta])*
        pub fn $name(&self, params: &$params, limit: Duration) -> Result<$result> {
            self.request(stringify!($name), params, limit)
        }
    )*};
}

impl Provider {
    methods! {
        /// Checks what no schema can say.
        validate(Validate) -> Validated;
        /// Asks what an update would do.
        diff(Diff) -> Difference;
        /// Makes a resource.
        create(Create) -> Created;
        /// Looks for the resource that was made with a token.
        find(Find) -> Found;
        /// Changes a resource.
        update(Update) -> Updated;
        /// Takes over a resource that NixOps did not make.
        import(Import) -> Imported;
        /// Brings what an older provider kept to the form of this one.
        upgrade(Upgrade) -> Upgraded;
        /// Does something with a resource.
        action(Action) -> ActionResult;
    }

    /// Asks for the schemas of all types.
    pub fn schema(&self, limit: Duration) -> Result<TypeSchemas> {
        let schemas: Schemas = self.request("schema", &SchemaRequest {}, limit)?;
        Ok(schemas.types)
    }

    /// [`validate`](Self::validate) of many, on the way together.
    pub fn validate_many(&self, params: &[Validate], limit: Duration) -> Vec<Result<Validated>> {
        self.request_many("validate", params, limit)
    }

    /// [`diff`](Self::diff) of many, on the way together.
    pub fn diff_many(&self, params: &[Diff], limit: Duration) -> Vec<Result<Difference>> {
        self.request_many("diff", params, limit)
    }

    /// [`find`](Self::find) of many, on the way together.
    pub fn find_many(&self, params: &[Find], limit: Duration) -> Vec<Result<Found>> {
        self.request_many("find", params, limit)
    }

    /// [`upgrade`](Self::upgrade) of many, on the way together.
    pub fn upgrade_many(&self, params: &[Upgrade], limit: Duration) -> Vec<Result<Upgraded>> {
        self.request_many("upgrade", params, limit)
    }

    /// [`read`](Self::read) of many lists, on the way together.
    pub fn read_all(&self, params: &[Read], limit: Duration) -> Vec<Result<Vec<Option<Updated>>>> {
        let results = self.request_many("read", params, limit).into_iter();
        let complete = |(asked, result): (&Read, Result<ReadResult>)| self.complete(asked, result?);
        params.iter().zip(results).map(complete).collect()
    }

    /// Asks what resources are now; the answer has one element for each that was asked for.
    pub fn read(&self, params: &Read, limit: Duration) -> Result<Vec<Option<Updated>>> {
        let read = self.request("read", params, limit)?;
        self.complete(params, read)
    }

    /// Sees that there is an answer for each resource that was asked for.
    fn complete(&self, asked: &Read, read: ReadResult) -> Result<Vec<Option<Updated>>> {
        let (asked, answered) = (asked.resources.len(), read.resources.len());
        if asked != answered {
            return Err(Error::Result {
                subject: self.conversation.subject().clone(),
                method: "read".to_owned(),
                reason: format!("it was asked for {asked} resources, and answered for {answered}"),
            });
        }
        Ok(read.resources)
    }

    /// Deletes a resource; one that is gone already is no error.
    pub fn delete(&self, params: &Delete, limit: Duration) -> Result<()> {
        let Nothing {} = self.request("delete", params, limit)?;
        Ok(())
    }
}
