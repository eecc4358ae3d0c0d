//! What a method is told beside its parameters, and whom it talks to.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use super::Failed;
use crate::protocol::{Log, LogLevel, Progress, RequestId};
use crate::serve::Output;

/// The request that a method answers.
pub struct Context {
    request: RequestId,
    cancelled: Arc<AtomicBool>,
    output: Output,
    schema: Arc<Value>,
}

impl Context {
    pub(crate) fn new(
        request: RequestId,
        cancelled: Arc<AtomicBool>,
        output: Output,
        schema: Arc<Value>,
    ) -> Self {
        Self {
            request,
            cancelled,
            output,
            schema,
        }
    }

    /// Tells the user something.
    pub fn log(&self, level: LogLevel, message: impl Into<String>) {
        let log = Log {
            request: Some(self.request),
            level,
            message: message.into(),
        };
        self.output.notify("log", &log);
    }

    /// Tells who looks for a defect.
    pub fn debug(&self, message: impl Into<String>) {
        self.log(LogLevel::Debug, message);
    }

    /// Tells everybody.
    pub fn info(&self, message: impl Into<String>) {
        self.log(LogLevel::Info, message);
    }

    /// Tells that something is wrong, but goes on.
    pub fn warning(&self, message: impl Into<String>) {
        self.log(LogLevel::Warning, message);
    }

    /// Tells how far it is: what is being done, and if known how much of how much is done.
    ///
    /// ```
    /// # fn show(context: &nixops_plugin::Context) {
    /// context.progress("copying the image", 3, 17);
    /// context.progress("waiting for the machine to start", None, None);
    /// # }
    /// ```
    pub fn progress(
        &self,
        message: impl Into<String>,
        done: impl Into<Option<u64>>,
        total: impl Into<Option<u64>>,
    ) {
        let progress = Progress {
            request: self.request,
            message: message.into(),
            done: done.into(),
            total: total.into(),
        };
        self.output.notify("progress", &progress);
    }

    /// Whether the answer is wanted no more. A method that takes long looks now and then, and stops
    /// where that leaves nothing behind of which nobody knows.
    pub fn cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// Stops a method whose answer is wanted no more, by `?`.
    pub fn stop_if_cancelled(&self) -> Result<(), Failed> {
        if self.cancelled() {
            Err(Failed::cancelled())
        } else {
            Ok(())
        }
    }

    /// JSON Schema of the options of the type.
    pub fn schema(&self) -> &Value {
        &self.schema
    }
}
