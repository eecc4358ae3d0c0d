//! The program that Nix evaluates: our library, called for one network.
//!
//! It reaches Nix on standard input. Arguments would be limited in length and visible to everyone
//! on the machine.

use std::{collections::BTreeMap, env, fmt};

use serde_json::json;

use crate::flake::{Identity, LockedFlake, Source};

use super::library::Library;

/// An argument of the network.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Argument {
    /// A Nix expression.
    Expression(String),
    /// A text.
    Text(String),
}

/// Everything that an evaluation depends on, beside Nix itself.
#[derive(Debug)]
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
        matches!(self.source, Source::Flake { .. })
    }

    /// The program text.
    pub fn program(&self, library: &Library) -> String {
        format!(
            "let\n  nixops = import (builtins.fetchTree {{ type = \"path\"; path = {path}; narHash = {hash}; }});\n\
             in\nnixops.bridge {{\n  source = {source};\n  arguments = {{{arguments}}};\n  \
             uuid = {uuid};\n  deploymentName = {name};\n  system = {system};\n}}\n",
            path = Text(library.path.as_str()),
            hash = Text(&library.nar_hash),
            source = source(&self.source),
            arguments = arguments(&self.arguments),
            uuid = Text(&self.identity.uuid),
            name = Text(&self.identity.name),
            system = Text(&self.system),
        )
    }
}

fn source(source: &Source) -> String {
    match source {
        Source::Flake { flake, network } => {
            let request = json!({ "name": network, "flake": call(flake) });
            format!("builtins.fromJSON {}", Text(&request.to_string()))
        }
        Source::File { file } => format!("{{ file = /. + {}; }}", Text(file.as_str())),
    }
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

fn arguments(arguments: &BTreeMap<String, Argument>) -> String {
    let mut text = String::new();
    for (name, argument) in arguments {
        let value = match argument {
            // The line break ends a comment that the expression may close with.
            Argument::Expression(expression) => format!("({expression}\n)"),
            Argument::Text(value) => Text(value).to_string(),
        };
        text.push_str(&format!(" {} = {value};", Text(name)));
    }
    text
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
            ("count".into(), Argument::Expression("3 # three".into())),
            ("host".into(), Argument::Text("a b".into())),
        ]);
        let program = format!("{{{}}}", arguments(&given));
        assert!(rnix::Root::parse(&program).errors().is_empty(), "{program}");
    }
}
