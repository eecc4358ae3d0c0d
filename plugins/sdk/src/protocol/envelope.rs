//! The frame of every message: JSON-RPC 2.0 (<https://www.jsonrpc.org/specification>).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Attributes, RpcError};

/// What the field `jsonrpc` of every message says.
pub const VERSION: &str = "2.0";

/// Number of a request, chosen by who asks and given back with the answer.
pub type RequestId = u64;

/// A question of NixOps.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Always `2.0`.
    #[schemars(extend("const" = "2.0"))]
    pub jsonrpc: String,
    /// Number of the request.
    pub id: RequestId,
    /// Name of the method.
    pub method: String,
    /// Its parameters, always an object.
    #[schemars(with = "Attributes")]
    pub params: Value,
}

/// A message that wants no answer.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Notification {
    /// Always `2.0`.
    #[schemars(extend("const" = "2.0"))]
    pub jsonrpc: String,
    /// Name of the method.
    pub method: String,
    /// Its parameters, always an object.
    #[schemars(with = "Attributes")]
    pub params: Value,
}

/// An answer of the provider: either `result` or `error`.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[schemars(extend("required" = ["jsonrpc", "id"]))]
#[schemars(extend("oneOf" = [{ "required": ["result"] }, { "required": ["error"] }]))]
pub struct Response {
    /// Always `2.0`.
    #[schemars(extend("const" = "2.0"))]
    pub jsonrpc: String,
    /// Number of the request; null if the request could not be read.
    pub id: Option<RequestId>,
    /// What was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Value>,
    /// Why it was not done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<RpcError>,
}
