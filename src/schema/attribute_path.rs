//! Attribute paths in the notation of Nix.

/// Renders a path as a user would write it, such as `resources.volumes.data.tags."a b"`.
///
/// Elements of lists are numbers in decimal, and stand as they are.
pub fn attribute_path<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.into_iter().map(name).collect();
    names.join(".")
}

/// Reads a path as a user would write it: names with dots between them, quoted where a name has a dot.
///
/// Nothing, if a name is missing or a quote is not closed.
pub fn read_attribute_path(text: &str) -> Option<Vec<String>> {
    let mut names = Vec::new();
    let mut rest = text;
    loop {
        let (name, behind) = match rest.strip_prefix('"') {
            Some(quoted) => read_quoted(quoted)?,
            None => read_plain(rest)?,
        };
        names.push(name);
        match behind.strip_prefix('.') {
            Some(more) => rest = more,
            None => return behind.is_empty().then_some(names),
        }
    }
}

/// Reads up to the next dot; gives the name and what stands behind it.
fn read_plain(text: &str) -> Option<(String, &str)> {
    let (name, behind) = text.split_at(text.find('.').unwrap_or(text.len()));
    let is_name = !name.is_empty() && !name.contains('"');
    is_name.then(|| (name.to_owned(), behind))
}

/// Reads up to the closing quote; gives the name and what stands behind it.
fn read_quoted(text: &str) -> Option<(String, &str)> {
    let mut name = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((name, &text[at + 1..])),
            '\\' => name.push(match letters.next()?.1 {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                other => other,
            }),
            letter => name.push(letter),
        }
    }
    None
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
    use proptest::prelude::*;

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

    proptest! {
        #[test]
        fn a_path_is_read_as_it_was_rendered(path in prop::collection::vec("[a-z.\"$ \\\\{0-9\n]{0,6}", 1..5)) {
            let rendered = attribute_path(path.iter().map(String::as_str));
            prop_assert_eq!(read_attribute_path(&rendered), Some(path));
        }
    }

    #[test]
    fn half_a_path_is_none() {
        for text in ["", "a.", ".a", "a..b", "a.\"b", "a.\"b\"c", "a\"b\""] {
            assert_eq!(read_attribute_path(text), None, "{text}");
        }
        let read = read_attribute_path("environment.etc.\"a.conf\".text");
        assert_eq!(read.unwrap(), ["environment", "etc", "a.conf", "text"]);
    }

    #[test]
    fn elements_of_lists_are_numbers() {
        assert_eq!(attribute_path(["disks", "0", "size"]), "disks.0.size");
    }
}
