//! Errors, warnings and hints in words.

use crate::evaluator::Diagnostic;

use super::color::{ERROR, FAINT, HINT, WARNING, paint};
use super::excerpt::excerpt;
use super::sanitise::sanitise;

/// Writes a diagnostic: what is wrong, where, and what to do, each on lines of its own.
///
/// `subject` says whose error it is, such as `web: failed to copy`. The text ends without a line
/// end.
pub(super) fn error(
    subject: Option<&str>,
    diagnostic: &Diagnostic,
    show_trace: bool,
    color: bool,
) -> String {
    titled(
        &paint(ERROR, "error:"),
        subject,
        diagnostic,
        show_trace,
        color,
    )
}

/// Writes a diagnostic of what stops nothing, like an error.
pub(super) fn doubt(diagnostic: &Diagnostic, color: bool) -> String {
    titled(&paint(WARNING, "warning:"), None, diagnostic, false, color)
}

fn titled(
    title: &str,
    subject: Option<&str>,
    diagnostic: &Diagnostic,
    show_trace: bool,
    color: bool,
) -> String {
    let Diagnostic {
        message,
        position,
        hint,
        trace,
    } = diagnostic;
    let subject = subject.map(|subject| format!("{}: ", sanitise(subject)));
    let subject = subject.unwrap_or_default();
    let message = sanitise(message.trim_end());
    let mut lines = vec![format!("{title} {subject}{message}")];
    lines.extend(position.iter().map(|position| excerpt(position, color)));
    if show_trace && !trace.is_empty() {
        lines.push(paint(FAINT, "trace of Nix:"));
        let trace = trace.iter().flat_map(|entry| entry.lines());
        lines.extend(trace.map(|line| format!("  {}", sanitise(line))));
    }
    lines.extend(hint.as_deref().map(self::hint));
    lines.join("\n")
}

/// Writes a warning and its hint.
pub(super) fn warning(machine: Option<&str>, message: &str, hint: Option<&str>) -> String {
    let machine = machine
        .map(|machine| format!("{machine}: "))
        .unwrap_or_default();
    let message = sanitise(message);
    let mut lines = vec![format!("{} {machine}{message}", paint(WARNING, "warning:"))];
    lines.extend(hint.map(self::hint));
    lines.join("\n")
}

/// Writes a hint.
pub(super) fn hint(text: &str) -> String {
    format!("{} {}", paint(HINT, "hint:"), sanitise(text))
}

#[cfg(test)]
mod tests {
    use anstream::adapter::strip_str;
    use insta::assert_snapshot;

    use super::*;
    use crate::evaluator::Position;

    fn diagnostic() -> Diagnostic {
        let file = "/nowhere/flake.nix".to_owned();
        Diagnostic {
            message: "undefined variable '\x1b[35;1mpkg\x1b[0m'\n".to_owned(),
            position: Some(Position {
                file,
                line: 12,
                column: 7,
            }),
            hint: Some("is it an argument of the module?".to_owned()),
            trace: vec!["… while evaluating 'config.system'\nat /nowhere/flake.nix:3:1".to_owned()],
        }
    }

    #[test]
    fn an_error_says_what_where_and_what_to_do() {
        let text = error(Some("web: failed to evaluate"), &diagnostic(), false, false);
        assert_snapshot!(strip_str(&text).to_string(), @r"
        error: web: failed to evaluate: undefined variable 'pkg'
          --> /nowhere/flake.nix:12:7
        hint: is it an argument of the module?
        ");
    }

    #[test]
    fn the_trace_is_one_flag_away() {
        let text = error(None, &diagnostic(), true, false);
        assert_snapshot!(strip_str(&text).to_string(), @r"
        error: undefined variable 'pkg'
          --> /nowhere/flake.nix:12:7
        trace of Nix:
          … while evaluating 'config.system'
          at /nowhere/flake.nix:3:1
        hint: is it an argument of the module?
        ");
    }

    #[test]
    fn a_warning_has_its_hint_on_its_own_line() {
        let text = warning(
            Some("web"),
            "keys are not sent",
            Some("send 'tls.key' yourself"),
        );
        assert_snapshot!(strip_str(&text).to_string(), @r"
        warning: web: keys are not sent
        hint: send 'tls.key' yourself
        ");
    }
}
