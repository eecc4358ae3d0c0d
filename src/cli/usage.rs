//! Tips for those whose fingers know another tool.

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Adds to an error what was meant perhaps, where the parser cannot know it.
pub fn with_tip(mut error: clap::Error) -> clap::Error {
    let word = |kind| match error.get(kind) {
        Some(ContextValue::String(word)) => Some(word.clone()),
        _ => None,
    };
    let tip = match error.kind() {
        ErrorKind::InvalidSubcommand => {
            word(ContextKind::InvalidSubcommand).and_then(|it| of_verb(&it))
        }
        ErrorKind::UnknownArgument => word(ContextKind::InvalidArg).and_then(|it| of_argument(&it)),
        _ => None,
    };
    if let Some(tip) = tip {
        // The usage is that of the parser's own guess.
        if error.remove(ContextKind::SuggestedArg).is_some() {
            error.remove(ContextKind::Usage);
        }
        error.remove(ContextKind::SuggestedSubcommand);
        let tip = ContextValue::StyledStrs(vec![tip.into()]);
        error.insert(ContextKind::Suggested, tip);
    }
    error
}

fn of_verb(verb: &str) -> Option<String> {
    match verb {
        "apply" | "switch" => Some("machines are deployed by 'nixops deploy'".to_owned()),
        "dry-run" => Some("what would be done says 'nixops plan'".to_owned()),
        _ => None,
    }
}

fn of_argument(argument: &str) -> Option<String> {
    let tip = match argument {
        "--network" => "a network is named with '--flake REF#NAME' or '--file PATH'",
        "--deployment" | "-d" | "--state" | "-s" => {
            "no deployment has to be named: this is about the network, see '--flake' and '--file'"
        }
        "--plan-only" => "what would be done says '--dry-run'",
        "--allow-reboot" | "--force-reboot" => {
            "hosts are booted by 'nixops deploy', and by 'nixops reboot'"
        }
        "--impure" => "a flake is evaluated purely; '--file PATH' may look outside",
        word if word.starts_with('-') => return None,
        word if word.contains('#') || word.starts_with(['.', '/']) => {
            return Some(format!("a network is named with '--flake {word}'"));
        }
        word => return Some(format!("machines are selected with '--on {word}'")),
    };
    Some(tip.to_owned())
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use insta::assert_snapshot;

    use super::super::Arguments;
    use super::*;

    fn said(line: &str) -> String {
        let error = Arguments::try_parse_from(line.split(' ')).unwrap_err();
        with_tip(error).to_string()
    }

    #[test]
    fn a_machine_without_its_flag_is_understood() {
        assert_snapshot!(said("nixops deploy web"), @r"
        error: unexpected argument 'web' found

          tip: machines are selected with '--on web'

        Usage: nixops deploy [OPTIONS]

        For more information, try '--help'.
        ");
        assert!(
            said("nixops deploy .#prod").contains("tip: a network is named with '--flake .#prod'")
        );
    }

    #[test]
    fn a_flag_of_the_old_tool_brings_no_wild_guess() {
        assert_snapshot!(said("nixops deploy --network ."), @r"
        error: unexpected argument '--network' found

          tip: a network is named with '--flake REF#NAME' or '--file PATH'

        For more information, try '--help'.
        ");
        assert!(said("nixops deploy --dryrun").contains("a similar argument exists: '--dry-run'"));
    }

    #[test]
    fn a_verb_of_another_tool_is_known() {
        assert!(said("nixops apply").contains("tip: machines are deployed by 'nixops deploy'"));
        assert!(said("nixops deplyo").contains("'deploy'"));
        assert!(!said("nixops zzyzx").contains("tip:"));
    }
}
