//! Arguments that are settings of Nix, for all that it does in a run.

use clap::Args;

use super::{number, source::pairs};

/// How Nix works: in evaluation, in builds here and on targets, and for providers.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Nix")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct NixSettings {
    /// Derivations that are built at the same time
    #[arg(long, short = 'j', value_name = "N|auto", value_parser = number::jobs)]
    max_jobs: Option<String>,

    /// Cores for each build; 0 is all
    #[arg(long, value_name = "N")]
    cores: Option<u32>,

    /// Machines that build for this one, as in Nix's own option; not passed to targets that build
    #[arg(long, value_name = "TEXT")]
    builders: Option<String>,

    /// Build what a binary cache promises and does not give
    #[arg(long)]
    fallback: bool,

    /// Keep the directories of failed builds
    #[arg(long, short = 'K')]
    keep_failed: bool,

    /// Set an option of Nix
    #[arg(long, num_args = 2, value_names = ["NAME", "VALUE"])]
    option: Vec<String>,

    /// Nothing stops because something else fails, with it or without
    #[arg(long, hide = true)]
    keep_going: bool,

    /// Lines of builds are shown only where these fail, with it or without
    #[arg(long, short = 'Q', hide = true)]
    no_build_output: bool,
}

impl NixSettings {
    /// What was meant, as names and values; those that `--option` names come last, and count.
    pub fn pairs(&self) -> Vec<(String, String)> {
        let Self {
            max_jobs,
            cores,
            builders,
            fallback,
            keep_failed,
            option,
            keep_going: _,
            no_build_output: _,
        } = self;
        let yes = |said: bool| said.then(|| "true".to_owned());
        let said = [
            ("max-jobs", max_jobs.clone()),
            ("cores", cores.map(|cores| cores.to_string())),
            ("builders", builders.clone()),
            ("fallback", yes(*fallback)),
            ("keep-failed", yes(*keep_failed)),
        ];
        let said = said
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)));
        said.chain(pairs(option)).collect()
    }
}
