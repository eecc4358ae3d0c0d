//! `nixops man`

use std::{collections::BTreeMap, fs};

use anyhow::{Context as _, Result, bail};
use camino::Utf8PathBuf;
use clap::{Args, Command, CommandFactory as _};
use serde_json::json;

use crate::plan::suggestion::nearest;

use super::{Arguments, Context};

/// Print the manual page of a command, or write all of them into a directory
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops man | man -l -
  nixops man plugin check | man -l -
  nixops man --dir ~/.local/share/man/man1")]
pub struct Man {
    /// The command; none for the program itself
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,

    /// Write a page for each command into this directory
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    dir: Option<Utf8PathBuf>,
}

/// Manual pages by the name of their command, such as `nixops-plugin-check`.
type Pages = BTreeMap<String, Vec<u8>>;

impl Man {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let mut pages = Pages::new();
        let mut command = Arguments::command().disable_help_subcommand(true);
        command.build();
        collect(&command, &mut pages).context("while writing the manual pages")?;
        match &self.dir {
            Some(directory) => write(context, &pages, directory)?,
            None => self.print(context, &pages)?,
        }
        Ok(0)
    }

    fn print(&self, context: &Context, pages: &Pages) -> Result<()> {
        let words = std::iter::once("nixops").chain(self.command.iter().map(String::as_str));
        let name = words.collect::<Vec<_>>().join("-");
        let Some(page) = pages.get(&name) else {
            let nearest = nearest(&name, pages.keys().map(String::as_str));
            let nearest = nearest.map_or_else(String::new, |name| {
                format!("; did you mean `{}`?", name.replace('-', " "))
            });
            bail!("there is no command `{}`{nearest}", self.command.join(" "));
        };
        let page = String::from_utf8_lossy(page);
        context.ui.data(if context.global.json {
            json!({ "page": page }).to_string()
        } else {
            page.into_owned()
        });
        Ok(())
    }
}

fn collect(command: &Command, pages: &mut Pages) -> Result<()> {
    let page = clap_mangen::Man::new(command.clone());
    let mut text = Vec::new();
    page.render(&mut text)?;
    let name = command.get_display_name().unwrap_or(command.get_name());
    pages.insert(name.to_owned(), text);
    let verbs = command.get_subcommands().filter(|verb| !verb.is_hide_set());
    verbs.into_iter().try_for_each(|verb| collect(verb, pages))
}

fn write(context: &Context, pages: &Pages, directory: &Utf8PathBuf) -> Result<()> {
    fs::create_dir_all(directory).with_context(|| format!("while making {directory}"))?;
    let mut files = Vec::new();
    for (name, page) in pages {
        let file = directory.join(format!("{name}.1"));
        fs::write(&file, page).with_context(|| format!("while writing {file}"))?;
        files.push(file);
    }
    if context.global.json {
        context.ui.data(json!({ "files": files }).to_string());
    }
    Ok(())
}
