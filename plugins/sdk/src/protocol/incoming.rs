//! What NixOps sends, read from bytes.

use serde_json::{Map, Value};

use super::{RequestId, RpcError, VERSION, code};

/// A message of NixOps.
#[derive(Clone, Debug, PartialEq)]
pub enum Incoming {
    /// It wants an answer.
    Request {
        /// Number of the request.
        id: RequestId,
        /// Name of the method.
        method: String,
        /// Its parameters.
        params: Value,
    },
    /// It wants none.
    Notification {
        /// Name of the method.
        method: String,
        /// Its parameters.
        params: Value,
    },
}

/// A message that cannot be understood.
#[derive(Clone, Debug, PartialEq)]
pub struct Refused {
    /// Number of the request, if that much could be read.
    pub id: Option<RequestId>,
    /// What is wrong with it.
    pub error: RpcError,
}

impl Incoming {
    /// Reads a message from one line.
    pub fn parse(line: &[u8]) -> Result<Self, Refused> {
        let message: Value = serde_json::from_slice(line).map_err(|error| {
            refused(
                None,
                code::PARSE,
                format!("the message is no JSON: {error}"),
            )
        })?;
        match message {
            Value::Object(fields) => Self::from_fields(fields),
            Value::Array(_) => Err(invalid(None, "the protocol has no batches")),
            _ => Err(invalid(None, "the message is no object")),
        }
    }

    fn from_fields(mut fields: Map<String, Value>) -> Result<Self, Refused> {
        let id = match fields.remove("id") {
            None => None,
            Some(id) => match id.as_u64() {
                Some(id) => Some(id),
                None => return Err(invalid(None, "`id` is no whole number from 0 on")),
            },
        };
        if fields.remove("jsonrpc").as_ref().and_then(Value::as_str) != Some(VERSION) {
            return Err(invalid(id, "`jsonrpc` does not say \"2.0\""));
        }
        let Some(Value::String(method)) = fields.remove("method") else {
            return Err(invalid(id, "`method` is no string"));
        };
        let Some(params @ Value::Object(_)) = fields.remove("params") else {
            return Err(invalid(id, "`params` is no object"));
        };
        if let Some(name) = fields.keys().next() {
            return Err(invalid(id, &format!("a message has no field `{name}`")));
        }
        Ok(match id {
            Some(id) => Self::Request { id, method, params },
            None => Self::Notification { method, params },
        })
    }
}

fn invalid(id: Option<RequestId>, message: &str) -> Refused {
    refused(id, code::INVALID_REQUEST, message.to_owned())
}

fn refused(id: Option<RequestId>, code: i64, message: String) -> Refused {
    let error = RpcError {
        code,
        message,
        data: None,
    };
    Refused { id, error }
}
