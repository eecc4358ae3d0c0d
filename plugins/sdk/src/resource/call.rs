//! Requests that are about a type, with their parameters.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::protocol::{
    Action, Create, Delete, Diff, Find, Import, Read, RpcError, Update, Upgrade, Validate, code,
};

macro_rules! calls {
    ($($method:literal => $name:ident . $($field:ident).+,)*) => {
        /// A request that is about a type.
        pub(crate) enum Call { $(#[doc = concat!("`", $method, "`.")] $name($name),)* }

        impl Call {
            /// Reads the parameters of a method; `None` if it is no method of types.
            pub(crate) fn parse(method: &str, params: Value) -> Option<Result<Self, RpcError>> {
                match method {
                    $($method => Some(parameters(method, params).map(Self::$name)),)*
                    _ => None,
                }
            }

            /// Name of the type that it is about.
            pub(crate) fn of_type(&self) -> &str {
                match self { $(Self::$name(params) => &params.$($field).+,)* }
            }
        }
    };
}

impl Call {
    /// Whether there is something else in the world after it, about which nobody should be in doubt.
    pub(crate) fn changes(&self) -> bool {
        matches!(
            self,
            Self::Create(_) | Self::Update(_) | Self::Delete(_) | Self::Action(_)
        )
    }
}

calls! {
    "validate" => Validate.resource.kind,
    "diff" => Diff.resource.kind,
    "create" => Create.resource.kind,
    "find" => Find.kind,
    "read" => Read.kind,
    "update" => Update.resource.kind,
    "delete" => Delete.resource.kind,
    "import" => Import.resource.kind,
    "upgrade" => Upgrade.kind,
    "action" => Action.resource.kind,
}

/// Reads the parameters of a method.
pub(crate) fn parameters<P: DeserializeOwned>(method: &str, params: Value) -> Result<P, RpcError> {
    // Serde would also take the fields of a struct from a list, one by one.
    let read = if params.is_object() {
        serde_json::from_value(params).map_err(|error| error.to_string())
    } else {
        Err("they are no object".to_owned())
    };
    read.map_err(|why| RpcError {
        code: code::INVALID_PARAMS,
        message: format!("the parameters of `{method}` do not fit: {why}"),
        data: None,
    })
}
