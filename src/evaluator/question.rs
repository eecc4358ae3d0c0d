//! What a person asks of a network: one thing, and nothing streams.

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::{AttributePath, Error, Evaluator, Given, Known, parse, program::Question};

/// What is at a path in the options of a machine.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(untagged)]
pub enum Found {
    /// A value, or those of all options below.
    Value {
        /// The value.
        value: Value,
    },
    /// Nothing.
    Nothing {
        /// How far the path leads.
        seen: Vec<String>,
        /// The first name that is not there.
        unknown: String,
        /// The names that are there.
        known: Vec<String>,
    },
}

impl Evaluator {
    /// Evaluates an option of a machine, or what its value has at a path.
    ///
    /// What Nix says meanwhile is told, as here and with all that follow.
    pub fn option(
        &self,
        machine: &str,
        path: &[String],
        known: &Known,
        tell: impl FnMut(String),
    ) -> Result<Found, Error> {
        self.ask("option", Question::Option { machine, path }, known, tell)
    }

    /// Evaluates an expression; a function is called with the network: `nodes`, `resources`, `network`,
    /// `pkgs`, `lib` and others.
    pub fn expression(
        &self,
        expression: &str,
        known: &Known,
        tell: impl FnMut(String),
    ) -> Result<Value, Error> {
        let question = Question::Expression(expression);
        self.ask("expression", question, known, tell)
    }

    /// The store paths of all sources that the network is evaluated from.
    pub fn sources(&self, tell: impl FnMut(String)) -> Result<Vec<String>, Error> {
        self.ask("sources", Question::Plain, &Known::default(), tell)
    }

    /// An expression for what a person is to see of the network, for another program to evaluate.
    pub fn scope(&self, known: &Known) -> String {
        let program = self.program_with(Given {
            question: Some(Question::Plain),
            known: Some(known),
            ..Given::default()
        });
        format!("({}).scope\n", program.as_str())
    }

    fn ask<T: DeserializeOwned>(
        &self,
        what: &str,
        question: Question<'_>,
        known: &Known,
        tell: impl FnMut(String),
    ) -> Result<T, Error> {
        let program = self.program_with(Given {
            question: Some(question),
            known: Some(known),
            final_values: true,
            ..Given::default()
        });
        let path = AttributePath::answer(what);
        let texts = self.texts("evaluate the answer", &program, &[path], tell)?;
        parse(texts.first().map_or("", String::as_str))
    }
}
