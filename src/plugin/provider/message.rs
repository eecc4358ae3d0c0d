//! What a provider writes, read from bytes.

use std::io::{self, BufRead, Read as _};

use nixops_plugin::protocol::{
    LARGEST_MESSAGE, Log, Progress, RequestId, Response, RpcError, VERSION,
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::Fault;

/// A message of a provider.
#[derive(Clone, Debug, PartialEq)]
pub enum Incoming {
    /// An answer; without number if the provider could not read the request.
    Answer(Option<RequestId>, Result<Value, RpcError>),
    /// A line for the log.
    Log(Log),
    /// How far a request is.
    Progress(Progress),
}

impl Incoming {
    /// Reads a message from a line without its line feed.
    pub fn parse(line: &[u8]) -> Result<Self, Fault> {
        let text = std::str::from_utf8(line).map_err(|error| Fault::NotUtf8 {
            at: error.valid_up_to(),
        })?;
        let message: Value = serde_json::from_str(text).map_err(|error| Fault::NotJson {
            line: excerpt(text),
            reason: error.to_string(),
        })?;
        match message {
            Value::Object(fields) => Self::from_fields(fields),
            Value::Array(_) => Err(no_message("the protocol has no batches")),
            _ => Err(no_message("it is no object")),
        }
    }

    fn from_fields(fields: Map<String, Value>) -> Result<Self, Fault> {
        if fields.get("jsonrpc").and_then(Value::as_str) != Some(VERSION) {
            return Err(no_message("`jsonrpc` does not say \"2.0\""));
        }
        match fields.get("method") {
            None => Self::answer(fields),
            Some(Value::String(_)) => Self::notification(fields),
            Some(_) => Err(no_message("`method` is no string")),
        }
    }

    fn answer(fields: Map<String, Value>) -> Result<Self, Fault> {
        if !fields.contains_key("id") {
            return Err(no_message("it has neither `id` nor `method`"));
        }
        // A result may be null, so the fields themselves tell which it is.
        let (has_result, has_error) = (fields.contains_key("result"), fields.contains_key("error"));
        let response: Response =
            fitting(Value::Object(fields)).map_err(|reason| no_message(&reason))?;
        let answer = match (has_result, has_error, response.error) {
            (true, true, _) => return Err(no_message("it has both `result` and `error`")),
            (false, false, _) => return Err(no_message("it has neither `result` nor `error`")),
            (false, true, None) => return Err(no_message("`error` is null")),
            (_, _, Some(error)) => Err(error),
            (_, _, None) => Ok(response.result.unwrap_or_default()),
        };
        Ok(Self::Answer(response.id, answer))
    }

    fn notification(mut fields: Map<String, Value>) -> Result<Self, Fault> {
        let Some(Value::String(method)) = fields.remove("method") else {
            return Err(no_message("`method` is no string"));
        };
        if fields.contains_key("id") {
            return Err(Fault::Asked { method });
        }
        let params = fields.remove("params").unwrap_or_default();
        fields.remove("jsonrpc");
        if let Some(name) = fields.keys().next() {
            return Err(no_message(&format!("a notification has no field `{name}`")));
        }
        let read = match method.as_str() {
            "log" => fitting(params).map(Self::Log),
            "progress" => fitting(params).map(Self::Progress),
            _ => return Err(Fault::UnknownNotification { method }),
        };
        read.map_err(|reason| Fault::Notification { method, reason })
    }
}

fn no_message(reason: &str) -> Fault {
    Fault::NoMessage {
        reason: reason.to_owned(),
    }
}

/// Reads a value as the type that it is to be, or says where it does not fit.
pub fn fitting<T: DeserializeOwned>(value: Value) -> Result<T, String> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let reason = without_text(&error.inner().to_string());
        match error.path().to_string().as_str() {
            "." => reason,
            path => format!("`{path}`: {reason}"),
        }
    })
}

/// Takes the text of a string out of a reason of serde: it may be a secret.
fn without_text(reason: &str) -> String {
    const BEGIN: &str = "string \"";
    match (reason.find(BEGIN), reason.rfind("\", expected ")) {
        (Some(begin), Some(end)) if begin < end => {
            format!("{}string{}", &reason[..begin], &reason[end + 1..])
        }
        _ => reason.to_owned(),
    }
}

/// The begin of a line that was not meant as a message. One that was may hold secrets.
fn excerpt(line: &str) -> Option<String> {
    const LONGEST: usize = 60;
    let line = line.trim();
    if line.is_empty() || line.starts_with(['{', '[', '"']) {
        return None;
    }
    Some(match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    })
}

/// Reads the next line, without its line feed; none at the end of the input.
///
/// No more is held in memory than a message may have, whatever the provider writes.
pub fn next_line(input: &mut impl BufRead) -> io::Result<Option<Result<Vec<u8>, Fault>>> {
    let mut line = Vec::new();
    let most = LARGEST_MESSAGE as u64;
    input.by_ref().take(most).read_until(b'\n', &mut line)?;
    Ok(if line.pop_if(|last| *last == b'\n').is_some() {
        Some(Ok(line))
    } else if line.len() == LARGEST_MESSAGE {
        Some(Err(Fault::TooLong))
    } else if line.is_empty() {
        None
    } else {
        Some(Err(Fault::HalfLine {
            bytes: line.len(),
            status: None,
        }))
    })
}

#[cfg(test)]
mod tests;
