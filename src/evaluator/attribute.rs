//! Finds where an attribute is defined in Nix source.
//!
//! Best effort: the module system says in which file an option is defined, but not where.

use rnix::ast::{Attr, AttrpathValue};
use rowan::ast::AstNode as _;

/// Gives line and column, from 1, of the definition of a dotted option path.
///
/// Definitions that match more of the path win, and among those the first; the path may stand
/// below names that are not part of it, such as the machine's.
pub fn find(text: &str, option: &str) -> Option<(u32, u32)> {
    let wanted: Vec<&str> = option.split('.').collect();
    let root = rnix::Root::parse(text).tree();
    let (_, offset) = root
        .syntax()
        .descendants()
        .filter_map(AttrpathValue::cast)
        .filter_map(|definition| {
            let matched = matching(&path(&definition)?, &wanted);
            (matched > 0).then(|| (matched, offset(&definition)))
        })
        .reduce(|best, next| if next.0 > best.0 { next } else { best })?;
    Some(line_and_column(text, offset))
}

fn offset(definition: &AttrpathValue) -> usize {
    definition.syntax().text_range().start().into()
}

/// The names from the top of the file to this definition.
fn path(definition: &AttrpathValue) -> Option<Vec<String>> {
    let mut path = Vec::new();
    for ancestor in definition
        .syntax()
        .ancestors()
        .filter_map(AttrpathValue::cast)
    {
        let names: Option<Vec<_>> = ancestor
            .attrpath()?
            .attrs()
            .map(|attr| name(&attr))
            .collect();
        path.splice(0..0, names?);
    }
    Some(path)
}

fn name(attr: &Attr) -> Option<String> {
    match attr {
        Attr::Ident(ident) => Some(ident.ident_token()?.text().to_owned()),
        Attr::Str(text) => match text.normalized_parts().as_slice() {
            [rnix::ast::InterpolPart::Literal(literal)] => Some(literal.clone()),
            _ => None,
        },
        Attr::Dynamic(_) => None,
    }
}

/// How many of the first names of `wanted` stand next to each other in `path`.
fn matching(path: &[String], wanted: &[&str]) -> usize {
    let count = |start: usize| {
        let pairs = path[start..].iter().zip(wanted);
        pairs.take_while(|(name, wanted)| name == *wanted).count()
    };
    (0..path.len()).map(count).max().unwrap_or(0)
}

fn line_and_column(text: &str, offset: usize) -> (u32, u32) {
    let before = &text[..offset];
    let line = before.matches('\n').count() + 1;
    let column = before.len() - before.rfind('\n').map_or(0, |at| at + 1) + 1;
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    (number(line), number(column))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NETWORK: &str = "{\n  web = { pkgs, ... }: {\n    services.nginx.enable = 1;\n    \
                           services.\"open.ssh\" = { ports = [ ]; };\n  };\n}\n";

    #[test]
    fn a_dotted_path_is_found_below_the_machine() {
        assert_eq!(find(NETWORK, "services.nginx.enable"), Some((3, 5)));
    }

    #[test]
    fn the_longest_part_of_a_path_that_stands_there_is_taken() {
        assert_eq!(find(NETWORK, "services.nginx.enable.deep"), Some((3, 5)));
    }

    #[test]
    fn a_definition_of_more_than_the_option_is_found() {
        assert_eq!(find("{\n bad.foo.bar = 1; }", "foo"), Some((2, 2)));
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        assert_eq!(find(NETWORK, "networking.hostName"), None);
        assert_eq!(find("{ }", "broken"), None);
    }
}
