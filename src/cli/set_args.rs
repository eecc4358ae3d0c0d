//! `nixops set-args`

use anyhow::{Result, bail};
use clap::Args;

use crate::{plan::suggestion::nearest, state::StoredArgument};

use super::{
    Context, show_arguments,
    source::pairs,
    state::{Changing, HereArguments, StateArguments, WaitArguments},
};

/// Give the network arguments that are kept for each run
///
/// `--arg` and `--argstr` of another verb go before them. They are kept in the clear, so no secrets.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops set-args --arg size 3 --argstr region eu
  nixops set-args --unset region
  nixops show-arguments")]
#[command(arg_required_else_help = true)]
pub struct SetArgs {
    /// Keep an argument: a Nix expression
    #[arg(long, num_args = 2, value_names = ["NAME", "EXPR"])]
    arg: Vec<String>,

    /// Keep an argument: a text
    #[arg(long, num_args = 2, value_names = ["NAME", "TEXT"])]
    argstr: Vec<String>,

    /// Forget an argument
    #[arg(long, value_name = "NAME")]
    unset: Vec<String>,

    #[command(flatten)]
    state: StateArguments,

    #[command(flatten)]
    wait: WaitArguments,

    #[command(flatten)]
    here: HereArguments,
}

impl SetArgs {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let chosen = self.state.choose(context, &self.here.here()?)?;
        let mut changing = chosen.hold(context, "set-args", &self.wait)?;
        self.change(&mut changing)?;
        changing.database().update(&changing.deployment)?;
        let deployment = changing.deployment.clone();
        changing.finish()?;
        if context.global.json {
            context.ui.data(show_arguments::json(&deployment)?);
        }
        Ok(0)
    }

    fn change(&self, changing: &mut Changing) -> Result<()> {
        let arguments = &mut changing.deployment.arguments;
        for name in &self.unset {
            if arguments.remove(name).is_none() {
                let known = arguments.keys().map(String::as_str);
                let meant = nearest(name, known);
                let meant = meant.map_or_else(String::new, |it| format!(" (did you mean `{it}`?)"));
                bail!("no argument `{name}` is kept{meant}");
            }
        }
        for (name, value) in pairs(&self.arg) {
            check(&name, &value)?;
            arguments.insert(name, StoredArgument::Expression(value));
        }
        for (name, value) in pairs(&self.argstr) {
            arguments.insert(name, StoredArgument::Text(value));
        }
        Ok(())
    }
}

/// Refuses what is no expression now, rather than at the next deploy.
fn check(name: &str, expression: &str) -> Result<()> {
    match rnix::Root::parse(expression).errors().first() {
        None => Ok(()),
        Some(error) => {
            bail!("`--arg {name}` is no Nix expression: {error} (a text is given with `--argstr`)")
        }
    }
}
