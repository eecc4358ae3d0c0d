//! Finds where an attribute is defined in Nix source.
//!
//! Best effort: the module system says in which file an option is defined, but not where.

use rnix::ast::{Attr, AttrpathValue};
use rowan::ast::AstNode as _;

/// Gives line and column, from 1, of the definition of a dotted option path.
///
/// The path may stand below names that are not part of it, such as the machine's. A definition of
/// more of the path wins. Those of the machine, whose own definition begins at `machine`, count
/// first; elsewhere in the file a definition counts only if there is no other like it, since it
/// may be another machine's.
pub fn find(text: &str, option: &str, machine: Option<(u32, u32)>) -> Option<(u32, u32)> {
    find_path(text, &option.split('.').collect::<Vec<_>>(), machine)
}

/// Like [`find`], with the path name by name, since a name may have a dot in it.
pub fn find_path(text: &str, wanted: &[&str], machine: Option<(u32, u32)>) -> Option<(u32, u32)> {
    let own = machine.and_then(|place| find_own(text, wanted, place));
    own.or_else(|| {
        let root = rnix::Root::parse(text).tree();
        let offset = only(&candidates(root.syntax().descendants(), wanted))?;
        Some(line_and_column(text, offset))
    })
}

/// Like [`find_path`], but only in the definition that begins at a place.
pub fn find_own(text: &str, wanted: &[&str], place: (u32, u32)) -> Option<(u32, u32)> {
    let root = rnix::Root::parse(text).tree();
    let mut definitions = root.syntax().descendants().filter_map(AttrpathValue::cast);
    let own = definitions.find(|definition| line_and_column(text, offset(definition)) == place)?;
    let (_, offset) = best(&candidates(own.syntax().descendants(), wanted))?;
    Some(line_and_column(text, offset))
}

/// Definitions that hold the option or a part of it: how much of the path they say, and where.
fn candidates(
    nodes: impl Iterator<Item = rnix::SyntaxNode>,
    wanted: &[&str],
) -> Vec<(usize, usize)> {
    nodes
        .filter_map(AttrpathValue::cast)
        .filter_map(|definition| {
            let matched = matching(&path(&definition)?, wanted);
            (matched > 0).then(|| (matched, offset(&definition)))
        })
        .collect()
}

/// The first of those that say most.
fn best(candidates: &[(usize, usize)]) -> Option<(usize, usize)> {
    let candidates = candidates.iter().copied();
    candidates.reduce(|best, next| if next.0 > best.0 { next } else { best })
}

/// The one that says most, if no other says as much.
fn only(candidates: &[(usize, usize)]) -> Option<usize> {
    let (most, offset) = best(candidates)?;
    let mut others = candidates
        .iter()
        .filter(|(matched, at)| *matched == most && *at != offset);
    others.next().is_none().then_some(offset)
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
///
/// None, if the path leads elsewhere after them: the definition of `a.b` does not hold `a.c`.
fn matching(path: &[String], wanted: &[&str]) -> usize {
    let count = |start: usize| {
        let pairs = path[start..].iter().zip(wanted);
        let count = pairs.take_while(|(name, wanted)| name == *wanted).count();
        let holds = count == wanted.len() || start + count == path.len();
        if holds { count } else { 0 }
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

    fn found(option: &str) -> Option<(u32, u32)> {
        find(NETWORK, option, None)
    }

    #[test]
    fn a_dotted_path_is_found_below_the_machine() {
        assert_eq!(found("services.nginx.enable"), Some((3, 5)));
    }

    #[test]
    fn the_longest_part_of_a_path_that_stands_there_is_taken() {
        assert_eq!(found("services.nginx.enable.deep"), Some((3, 5)));
    }

    #[test]
    fn a_definition_of_more_than_the_option_is_found() {
        assert_eq!(find("{\n bad.foo.bar = 1; }", "foo", None), Some((2, 2)));
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        assert_eq!(found("networking.hostName"), None);
        assert_eq!(found("services.httpd.enable"), None);
        assert_eq!(find("{ }", "broken", None), None);
    }

    const TWO: &str = "{\n  web.a.b = 1;\n  db = {\n    a.b = 2;\n  };\n  other.c = 3;\n}\n";

    #[test]
    fn the_definition_of_the_machine_is_meant_and_not_that_of_another() {
        assert_eq!(find(TWO, "a.b", Some((3, 3))), Some((4, 5)));
        assert_eq!(find(TWO, "a.b", Some((2, 3))), Some((2, 3)));
    }

    #[test]
    fn elsewhere_a_definition_must_be_the_only_one() {
        assert_eq!(find(TWO, "a.b", None), None);
        assert_eq!(find(TWO, "c", Some((3, 3))), Some((6, 3)));
    }
}
