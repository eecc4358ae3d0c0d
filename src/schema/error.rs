//! What can be wrong with a schema.

use thiserror::Error;

/// Why a schema cannot be used.
///
/// Each says the type; who brings the schema adds the plugin, the input and the file.
#[derive(Debug, Error)]
pub enum SchemaError {
    /// The text is not JSON.
    #[error("the schema of {name} is not JSON")]
    NotJson {
        /// Type of the resource or machine.
        name: String,
        /// Where and why.
        #[source]
        source: serde_json::Error,
    },
    /// The document is for another version of JSON Schema.
    #[error("the schema of {name} says that it is written in {dialect}, but 2020-12 is needed")]
    Dialect {
        /// Type of the resource or machine.
        name: String,
        /// What `$schema` says.
        dialect: String,
    },
    /// The document is no JSON Schema.
    #[error("the schema of {name} is no JSON Schema: at {at}: {reason}")]
    Invalid {
        /// Type of the resource or machine.
        name: String,
        /// JSON pointer into the document.
        at: String,
        /// What is wrong there.
        reason: String,
    },
    /// The values that the schema describes are no sets.
    #[error(
        "the schema of {name} describes no set of attributes: at the top it needs \"type\": \"object\""
    )]
    NotASet {
        /// Type of the resource or machine.
        name: String,
    },
    /// A reference leads to nothing, or out of the document.
    #[error("the schema of {name} has a $ref to {reference} at {at}, {reason}")]
    Reference {
        /// Type of the resource or machine.
        name: String,
        /// JSON pointer into the document.
        at: String,
        /// Where the reference leads.
        reference: String,
        /// Why it cannot be followed.
        reason: &'static str,
    },
    /// References lead back to where they come from, without a step into the value.
    #[error("the schema of {name} refers to itself without end: {}", chain.join(" → "))]
    Cycle {
        /// Type of the resource or machine.
        name: String,
        /// JSON pointers, the first of which is also the last.
        chain: Vec<String>,
    },
    /// A keyword of NixOps has a value that it cannot have, or does not exist.
    #[error("the schema of {name} has {keyword} at {at}, {reason}")]
    Keyword {
        /// Type of the resource or machine.
        name: String,
        /// JSON pointer into the document.
        at: String,
        /// Name of the keyword.
        keyword: String,
        /// What is wrong with it.
        reason: String,
    },
    /// There is a schema for the type already.
    #[error("the type {name} of {origin} is already taken by {owner}")]
    Taken {
        /// Type of the resource or machine.
        name: String,
        /// Who brings the second schema.
        origin: String,
        /// Who brought the first one.
        owner: String,
    },
}
