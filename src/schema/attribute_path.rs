//! Attribute paths in the notation of Nix.

/// Renders a path as a user would write it, such as `resources.volumes.data.tags."a b"`.
///
/// Elements of lists are numbers in decimal, and stand as they are.
pub fn attribute_path<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.into_iter().map(name).collect();
    names.join(".")
}

fn name(name: &str) -> String {
    let is_element = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
    if is_identifier(name) || is_element {
        name.to_owned()
    } else {
        quoted(name)
    }
}

fn is_identifier(name: &str) -> bool {
    const KEYWORDS: [&str; 9] = [
        "assert", "else", "if", "in", "inherit", "let", "rec", "then", "with",
    ];
    let starts = |letter: char| letter.is_ascii_alphabetic() || letter == '_';
    name.starts_with(starts)
        && name
            .chars()
            .all(|letter| starts(letter) || letter.is_ascii_digit() || "'-".contains(letter))
        && !KEYWORDS.contains(&name)
}

/// Renders a text as a string of Nix.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            '$' if letters.peek() == Some(&'{') => quoted.push_str("\\$"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            letter if letter.is_control() => quoted.push('\u{fffd}'),
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_no_identifiers_are_quoted() {
        let path = ["resources", "volumes", "data", "tags", "a b", "tls.key"];
        assert_eq!(
            attribute_path(path),
            r#"resources.volumes.data.tags."a b"."tls.key""#
        );
        assert_eq!(attribute_path(["if", "", "a'b-c"]), r#""if"."".a'b-c"#);
        assert_eq!(attribute_path(["${x}", "a\"\n"]), r#""\${x}"."a\"\n""#);
    }

    #[test]
    fn elements_of_lists_are_numbers() {
        assert_eq!(attribute_path(["disks", "0", "size"]), "disks.0.size");
    }
}
