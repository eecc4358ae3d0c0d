//! The program that Nix evaluates: our library, called for one network.
//!
//! It reaches Nix on standard input. Arguments would be limited in length and visible to everyone
//! on the machine.

use std::{collections::BTreeMap, env, fmt, ops::Range};

use nix_compat::log::Message;
use serde::Serialize;
use serde_json::{Value, json};

use crate::flake::{Identity, LockedFlake, Source};

use super::{Diagnostic, Known, facts::Facts, library::Library};

/// An argument of the network.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub enum Argument {
    /// A Nix expression.
    Expression(String),
    /// A text.
    Text(String),
}

/// Everything that an evaluation depends on, beside Nix itself.
#[derive(Clone, Debug)]
pub struct Request {
    /// Where the network is defined.
    pub source: Source,
    /// Arguments of the network by name.
    pub arguments: BTreeMap<String, Argument>,
    /// The deployment.
    pub identity: Identity,
    /// Platform of the deployer, such as `x86_64-linux`.
    pub system: String,
}

/// Values by type that the options of a plugin are held against.
pub type Samples = BTreeMap<String, Vec<Value>>;

/// What an evaluation is given beside the network itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Given<'a> {
    /// What was found of machines already.
    pub facts: Option<&'a Facts>,
    /// Values that the options of a plugin are held against.
    pub samples: Option<&'a Samples>,
    /// What is known of outputs.
    pub known: Option<&'a Known>,
    /// Whether an output that is not known ends the evaluation, or has a token in its place.
    pub final_values: bool,
    /// What a person asks.
    pub question: Option<Question<'a>>,
    /// Whether it is to be told if the flake reads what it is itself.
    pub watch: bool,
}

/// What a person asks of a network.
#[derive(Clone, Copy, Debug)]
pub enum Question<'a> {
    /// The value of an option of a machine.
    Option {
        /// The machine.
        machine: &'a str,
        /// The names that lead to it.
        path: &'a [String],
    },
    /// What an expression makes of the network.
    Expression(&'a str),
    /// Nothing that the program has to be told.
    Plain,
}

/// The program, with the lines on which stands what the user has written of it.
#[derive(Debug)]
pub struct ProgramText {
    text: String,
    users: Vec<(String, Range<u64>)>,
}

impl ProgramText {
    /// What Nix reads.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Says in which argument an error is, if it is in one: the user has written no other part of the program.
    pub fn explain(&self, error: &Message, diagnostic: Diagnostic) -> Diagnostic {
        if diagnostic.position.is_some() || error.position.path().is_some() {
            return diagnostic;
        }
        let Some(line) = error.position.line else {
            return diagnostic;
        };
        let mut users = self.users.iter();
        match users.find(|(_, lines)| lines.contains(&line)) {
            Some((name, _)) => Diagnostic {
                message: format!("the argument `{name}`: {}", diagnostic.message),
                ..diagnostic
            },
            None => diagnostic,
        }
    }
}

/// The platform of this machine in Nix's words.
pub fn deployer_system() -> String {
    let kernel = match env::consts::OS {
        "macos" => "darwin",
        kernel => kernel,
    };
    format!("{}-{kernel}", env::consts::ARCH)
}

impl Request {
    /// Whether evaluation sees nothing but the locked source.
    pub fn is_pure(&self) -> bool {
        self.source.flake().is_some()
    }

    /// The same of a tree of which nothing is said.
    pub fn anywhere(&self) -> Option<Self> {
        let Source::Flake { flake, network } = &self.source else {
            return None;
        };
        let mut flake = flake.clone();
        let tree = &mut flake.tree;
        tree.path = "".into();
        tree.nar_hash.clear();
        tree.last_modified = 0;
        tree.rev = None;
        tree.rev_count = None;
        flake.extra.clear();
        Some(Self {
            source: Source::Flake {
                flake,
                network: network.clone(),
            },
            arguments: self.arguments.clone(),
            identity: self.identity.clone(),
            system: self.system.clone(),
        })
    }

    /// The program that evaluates the network.
    pub fn program(&self, library: &Library, given: Given<'_>) -> ProgramText {
        let before = self.beginning(library, given.watch);
        let mut first = 1 + line_breaks(&before);
        let mut users = Vec::new();
        for (name, argument) in &self.arguments {
            let next = first + line_breaks(&binding(name, argument));
            users.push((format!("--arg {name}"), first..next));
            first = next;
        }
        let question = given.question.map_or_else(String::new, question_text);
        users.push((
            "--expr".to_owned(),
            first + 1..first + 1 + line_breaks(&question),
        ));
        let bindings: String = self
            .arguments
            .iter()
            .map(|(name, argument)| binding(name, argument))
            .collect();
        ProgramText {
            text: format!(
                "{before}{bindings}  }};\n{question}{}{}{}}}\n",
                given.facts.map_or_else(String::new, facts_text),
                given.samples.map_or_else(String::new, samples_text),
                outputs_text(given),
            ),
            users,
        }
    }

    /// The program up to the arguments.
    fn beginning(&self, library: &Library, watch: bool) -> String {
        format!(
            "let\n  nixops = import (builtins.fetchTree {{ type = \"path\"; path = {path}; narHash = {hash}; }});\n\
             in\nnixops.bridge {{\n  source = {source};\n  uuid = {uuid};\n  \
             deploymentName = {name};\n  system = {system};\n  arguments = {{\n",
            path = Text(library.path.as_str()),
            hash = Text(&library.nar_hash),
            source = source(&self.source, watch),
            uuid = Text(&self.identity.uuid),
            name = Text(&self.identity.name),
            system = Text(&self.system),
        )
    }
}

fn source(source: &Source, watch: bool) -> String {
    match source {
        Source::Flake { flake, network } => {
            let mut request = json!({ "name": network, "flake": call(flake) });
            if watch {
                request["flake"]["watch"] = true.into();
            }
            format!("builtins.fromJSON {}", Text(&request.to_string()))
        }
        Source::Plugin { flake, nixpkgs } => {
            let nixpkgs = nixpkgs.as_deref().map(call);
            let request = json!({ "plugin": true, "flake": call(flake), "nixpkgs": nixpkgs });
            format!("builtins.fromJSON {}", Text(&request.to_string()))
        }
        Source::File { file } => format!("{{ file = /. + {}; }}", Text(file.as_str())),
    }
}

fn question_text(question: Question<'_>) -> String {
    match question {
        Question::Option { machine, path } => {
            let option = json!({ "machine": machine, "path": path }).to_string();
            format!("  question.option = builtins.fromJSON {};\n", Text(&option))
        }
        // The line break ends a comment that the expression may close with.
        Question::Expression(expression) => format!("  question.expression = ({expression}\n);\n"),
        Question::Plain => "  question = { };\n".to_owned(),
    }
}

fn samples_text(samples: &Samples) -> String {
    if samples.is_empty() {
        return String::new();
    }
    format!(
        "  samples = builtins.fromJSON {};\n",
        Text(&json!(samples).to_string())
    )
}

fn facts_text(facts: &Facts) -> String {
    if facts.is_empty() {
        return String::new();
    }
    format!(
        "  facts = builtins.fromJSON {};\n",
        Text(&json!(facts).to_string())
    )
}

fn outputs_text(given: Given<'_>) -> String {
    let known = given.known.filter(|known| !known.outputs.is_empty());
    let known = known.map_or_else(String::new, |known| {
        let tree = json!(known.tree()).to_string();
        format!("known = builtins.fromJSON {}; ", Text(&tree))
    });
    format!(
        "  outputs = {{ {known}final = {}; }};\n",
        given.final_values
    )
}

/// What `lib/source/call-flake.nix` takes.
fn call(flake: &LockedFlake) -> serde_json::Value {
    json!({
        "root": flake.tree,
        "extra": flake.extra,
        "directory": flake.directory,
        "lock": flake.lock,
    })
}

/// An argument on lines of its own.
fn binding(name: &str, argument: &Argument) -> String {
    let value = match argument {
        // The line break ends a comment that the expression may close with.
        Argument::Expression(expression) => format!("({expression}\n)"),
        Argument::Text(value) => Text(value).to_string(),
    };
    format!("    {} = {value};\n", Text(name))
}

fn line_breaks(text: &str) -> u64 {
    text.bytes().map(|byte| u64::from(byte == b'\n')).sum()
}

/// A text as a Nix string literal.
struct Text<'a>(&'a str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        formatter.write_char('"')?;
        for character in self.0.chars() {
            match character {
                '"' | '\\' | '$' => write!(formatter, "\\{character}")?,
                '\n' => formatter.write_str("\\n")?,
                '\r' => formatter.write_str("\\r")?,
                '\t' => formatter.write_str("\\t")?,
                _ => formatter.write_char(character)?,
            }
        }
        formatter.write_char('"')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_cannot_leave_its_literal() {
        let text = Text("a\"b\\c${d}\n").to_string();
        assert_eq!(text, r#""a\"b\\c\${d}\n""#);
        assert!(rnix::Root::parse(&text).errors().is_empty());
    }

    #[test]
    fn a_comment_in_an_argument_ends_with_it() {
        let given = BTreeMap::from([
            ("count".to_owned(), Argument::Expression("3 # three".into())),
            ("host".to_owned(), Argument::Text("a b".into())),
        ]);
        let bindings = given.iter().map(|(name, value)| binding(name, value));
        let program = format!("{{{}}}", bindings.collect::<String>());
        assert!(rnix::Root::parse(&program).errors().is_empty(), "{program}");
    }
}
