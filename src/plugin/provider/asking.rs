//! Many questions of the same kind, on the way together.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::{
    Result,
    conversation::Conversation,
    requests::{Batch, Waited},
};

/// How many requests of one who asks are on the way at a time: enough that no thread of a provider waits
/// for a question.
const ON_THE_WAY: usize = 64;

/// Questions that are being asked.
pub(super) struct Asking<'a> {
    conversation: &'a Conversation,
    method: &'a str,
    limit: Duration,
    batch: Batch<'a>,
    answers: Vec<Option<Result<Value>>>,
    /// Whether the time is over: then what is open was cancelled, and nothing more is asked.
    late: bool,
}

impl<'a> Asking<'a> {
    pub(super) fn new(conversation: &'a Conversation, method: &'a str, limit: Duration) -> Self {
        Self {
            conversation,
            method,
            limit,
            batch: conversation.requests().batch(),
            answers: Vec::new(),
            late: false,
        }
    }

    /// Asks all, and gives an answer for each.
    pub(super) fn ask<'p, P: Serialize + 'p>(
        mut self,
        questions: impl IntoIterator<Item = &'p P>,
    ) -> Vec<Result<Value>> {
        let mut questions = questions.into_iter().peekable();
        while questions.peek().is_some() || self.batch.ids().len() > 0 {
            while let Some(question) = questions.next_if(|_| self.has_place()) {
                self.put(question);
            }
            if self.batch.ids().len() > 0 {
                self.wait();
            }
        }
        let unanswered = || Err(self.conversation.too_late(self.method, self.limit));
        let answers = self.answers.into_iter();
        answers
            .map(|answer| answer.unwrap_or_else(unanswered))
            .collect()
    }

    fn has_place(&self) -> bool {
        self.late || self.batch.ids().len() < ON_THE_WAY
    }

    /// Sends a question, if there is time.
    fn put(&mut self, question: &impl Serialize) {
        let place = self.answers.len();
        let sent = if self.late {
            Ok(())
        } else {
            self.conversation
                .send(&mut self.batch, self.method, place, question)
        };
        self.answers.push(sent.err().map(Err));
    }

    /// Waits for the next answer.
    fn wait(&mut self) {
        let (conversation, method) = (self.conversation, self.method);
        let waited = if self.late {
            let limit = conversation.patience().cancel;
            self.batch.wait(limit, || false)
        } else {
            self.batch
                .wait(self.limit, || conversation.is_interrupted())
        };
        match waited {
            Waited::Answer(place, answer) => {
                let late = self.late.then_some(self.limit);
                self.answers[place] = Some(conversation.understand(method, answer, late));
            }
            Waited::Over(place, fault) => {
                self.answers[place] = Some(Err(conversation.over(method, fault)));
            }
            Waited::TooLong if self.late || method == "hello" => {
                conversation.give_up(method, self.limit);
            }
            Waited::TooLong => {
                self.late = true;
                conversation.cancel(self.batch.ids());
            }
        }
    }
}
