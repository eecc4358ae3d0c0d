//! Answers to requests.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::Provider;
use crate::protocol::{
    Failure, FailureKind, Hello, NEWEST, OLDEST, RpcError, SchemaRequest, Schemas, Versions,
    Welcome, code,
};
use crate::resource::{Call, Context, Failed, from_panic, parameters};

/// A provider that answers.
pub(super) struct Answerer {
    pub(super) provider: Provider,
}

impl Answerer {
    pub(super) fn hello(&self, params: Value) -> Result<Value, RpcError> {
        let hello: Hello = parameters("hello", params)?;
        let protocol = choose(&hello.protocol).ok_or_else(|| self.no_version(&hello))?;
        Ok(json!(Welcome {
            protocol,
            provider: self.provider.program.clone(),
            types: self.provider.infos(),
        }))
    }

    fn no_version(&self, hello: &Hello) -> RpcError {
        let (theirs, ours) = (&hello.client, &self.provider.program);
        let message = format!(
            "{} {} speaks {} of the protocol, and {} {} speaks {}",
            theirs.name,
            theirs.version,
            range(hello.protocol.oldest, hello.protocol.newest),
            ours.name,
            ours.version,
            range(OLDEST, NEWEST),
        );
        Failed::unsupported(message)
            .hint(if hello.protocol.oldest > NEWEST {
                "update the plugin"
            } else {
                "update NixOps, or use an older plugin"
            })
            .into()
    }

    pub(super) fn schema(&self, params: Value) -> Result<Value, RpcError> {
        let SchemaRequest {} = parameters("schema", params)?;
        let types = self.provider.schemas();
        Ok(json!(Schemas { types }))
    }

    /// Schema of the options of a type; null if there is none.
    pub(super) fn options(&self, of_type: &str) -> Arc<Value> {
        let found = self.provider.types.get(of_type);
        found.map_or_else(Arc::default, |found| found.options())
    }

    /// Does what is asked for, unless it was cancelled in the queue.
    pub(super) fn call(&self, context: &Context, call: Call) -> Result<Value, RpcError> {
        let of_type = self.provider.types.get(call.of_type());
        let of_type = of_type.ok_or_else(|| self.no_type(call.of_type()))?;
        context.stop_if_cancelled()?;
        let answer = catch_unwind(AssertUnwindSafe(|| of_type.call(context, call)));
        let answer = answer.unwrap_or_else(|payload| Err(from_panic(payload.as_ref())));
        Ok(answer?)
    }

    fn no_type(&self, name: &str) -> RpcError {
        let known: Vec<_> = self.provider.types.keys().copied().collect();
        RpcError {
            code: code::FAILED,
            message: format!("{} has no type `{name}`", self.provider.program.name),
            data: Some(Failure {
                kind: FailureKind::Unsupported,
                hint: Some(format!("it has: {}", known.join(", "))),
                diagnostics: Vec::new(),
            }),
        }
    }
}

/// An error of the protocol.
pub(super) fn error(code: i64, message: impl Into<String>) -> RpcError {
    RpcError {
        code,
        message: message.into(),
        data: None,
    }
}

fn choose(theirs: &Versions) -> Option<u32> {
    let newest = theirs.newest.min(NEWEST);
    (newest >= theirs.oldest.max(OLDEST)).then_some(newest)
}

fn range(oldest: u32, newest: u32) -> String {
    if oldest == newest {
        format!("version {oldest}")
    } else {
        format!("versions {oldest} to {newest}")
    }
}
