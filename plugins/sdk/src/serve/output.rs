//! Where all messages of the provider go, one at a time.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde_json::Value;

use crate::protocol::{
    LARGEST_MESSAGE, Notification, RequestId, Response, RpcError, VERSION, code,
};

/// The output, shared by all threads.
#[derive(Clone)]
pub(crate) struct Output {
    shared: Arc<Shared>,
}

struct Shared {
    writer: Mutex<Box<dyn Write + Send>>,
    broken: AtomicBool,
}

impl Output {
    pub(crate) fn new(writer: Box<dyn Write + Send>) -> Self {
        let shared = Arc::new(Shared {
            writer: Mutex::new(writer),
            broken: AtomicBool::new(false),
        });
        Self { shared }
    }

    /// Whether nobody reads any more.
    pub(crate) fn is_broken(&self) -> bool {
        self.shared.broken.load(Ordering::Acquire)
    }

    /// Answers a request; without number if it could not be read.
    pub(crate) fn answer(&self, id: Option<RequestId>, answer: Result<Value, RpcError>) {
        if self.try_answer(id, answer).is_err() {
            let error = RpcError {
                code: code::INTERNAL,
                message: format!("the answer has more than {LARGEST_MESSAGE} bytes"),
                data: None,
            };
            let _ = self.try_answer(id, Err(error));
        }
    }

    fn try_answer(
        &self,
        id: Option<RequestId>,
        answer: Result<Value, RpcError>,
    ) -> Result<(), TooLong> {
        let (result, error) = match answer {
            Ok(result) => (Some(result), None),
            Err(error) => (None, Some(error)),
        };
        self.write(&Response {
            jsonrpc: VERSION.to_owned(),
            id,
            result,
            error,
        })
    }

    /// Tells NixOps something that it did not ask for. What is too long for a message is left out.
    pub(crate) fn notify(&self, method: &str, params: &impl Serialize) {
        let Ok(params) = serde_json::to_value(params) else {
            return;
        };
        let _ = self.write(&Notification {
            jsonrpc: VERSION.to_owned(),
            method: method.to_owned(),
            params,
        });
    }

    fn write(&self, message: &impl Serialize) -> Result<(), TooLong> {
        let mut line = serde_json::to_vec(message).map_err(|_| TooLong)?;
        line.push(b'\n');
        if line.len() > LARGEST_MESSAGE {
            return Err(TooLong);
        }
        let mut writer = self.lock();
        if !self.is_broken() {
            let written = writer.write_all(&line).and_then(|()| writer.flush());
            self.shared
                .broken
                .store(written.is_err(), Ordering::Release);
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Box<dyn Write + Send>> {
        let writer = self.shared.writer.lock();
        writer.unwrap_or_else(PoisonError::into_inner)
    }
}

/// The message is no line that the protocol allows.
struct TooLong;
