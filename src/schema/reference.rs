//! References within a schema.

use serde_json::Value;

/// Finds what a `$ref` leads to.
///
/// Only `#` and JSON pointers such as `#/$defs/Size` lead anywhere.
pub(super) fn resolve<'a>(root: &'a Value, reference: &str) -> Option<&'a Value> {
    let pointer = reference.strip_prefix('#')?;
    if pointer.is_empty() || pointer.starts_with('/') {
        root.pointer(&decoded(pointer))
    } else {
        None
    }
}

/// The pointer without the escapes of a URI.
pub(super) fn decoded(pointer: &str) -> String {
    let bytes = pointer.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while index < bytes.len() {
        let escape = (bytes[index] == b'%')
            .then(|| pointer.get(index + 1..index + 3))
            .flatten()
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        decoded.push(escape.unwrap_or(bytes[index]));
        index += if escape.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// Appends a name to a JSON pointer.
pub(super) fn join(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn references_lead_into_the_document_only() {
        let root = json!({ "$defs": { "a b/c": 1 } });
        assert_eq!(resolve(&root, "#"), Some(&root));
        assert_eq!(resolve(&root, "#/$defs/a%20b~1c"), Some(&json!(1)));
        assert_eq!(resolve(&root, "#/$defs/x"), None);
        assert_eq!(resolve(&root, "#anchor"), None);
        assert_eq!(resolve(&root, "other.json#/$defs/a"), None);
    }
}
