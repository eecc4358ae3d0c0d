//! The command line: one file a verb, no logic.
//!
//! Doc comments of the arguments are the help texts. What was typed is turned into what it means
//! here, and the rooms see only that.

mod acting;
mod agreement;
mod apply_local;
mod backup;
mod backup_status;
mod build;
mod cache;
mod check;
mod checking;
mod clean_backups;
mod clone;
mod completions;
mod copy_closure;
mod create;
mod delete;
mod delete_generation;
mod delete_resources;
mod deploy;
mod destroy;
mod diff;
mod directory;
mod dump_nix_paths;
mod edit;
mod elevation;
mod error;
mod eval;
mod exec;
mod export;
mod fleet;
mod global;
mod graph;
mod import;
mod import_resource;
mod info;
mod interrupt;
mod journal;
mod list;
mod list_generations;
mod list_plugins;
mod logs;
mod man;
mod modify;
mod mount;
mod nix_settings;
mod nix_text;
mod number;
mod plan;
mod plugin;
mod plugins;
mod reads;
mod reboot;
mod remove_backup;
mod rename;
mod repl;
mod restore;
mod rollback;
mod run;
mod saved;
mod schema;
mod scp;
mod selection;
mod send_keys;
mod session;
mod set_args;
mod show_arguments;
mod show_console_output;
mod show_option;
mod show_physical;
mod source;
mod ssh;
mod start;
mod state;
mod status;
mod stop;
mod unlock;
mod usage;

use std::{ffi::OsString, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::{
    core_provider,
    plugin::lock_keeper,
    process::Processes,
    ui::{self, Screen},
};

use global::GlobalArguments;

/// Deploys networks of NixOS machines and the resources that they need
#[derive(Debug, Parser)]
#[command(
    name = "nixops",
    version,
    propagate_version = true,
    max_term_width = 100
)]
#[command(after_help = "Run `nixops <COMMAND> --help` for examples.")]
struct Arguments {
    #[command(flatten)]
    global: GlobalArguments,

    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Build(build::Build),
    Check(check::Check),
    Ssh(ssh::Ssh),
    Exec(exec::Exec),
    Scp(scp::Scp),
    CopyClosure(copy_closure::CopyClosure),
    Diff(diff::Diff),
    Status(status::Status),
    ListGenerations(list_generations::ListGenerations),
    DeleteGeneration(delete_generation::DeleteGeneration),
    Rollback(rollback::Rollback),
    Reboot(reboot::Reboot),
    Start(start::Start),
    Stop(stop::Stop),
    ShowConsoleOutput(show_console_output::ShowConsoleOutput),
    DeleteResources(delete_resources::DeleteResources),
    Backup(backup::Backup),
    BackupStatus(backup_status::BackupStatus),
    RemoveBackup(remove_backup::RemoveBackup),
    CleanBackups(clean_backups::CleanBackups),
    Restore(restore::Restore),
    Mount(mount::Mount),
    Deploy(deploy::Deploy),
    ApplyLocal(apply_local::ApplyLocal),
    Destroy(destroy::Destroy),
    Eval(eval::Eval),
    Repl(repl::Repl),
    Edit(edit::Edit),
    Graph(graph::Graph),
    ImportResource(import_resource::ImportResource),
    Create(create::Create),
    List(list::List),
    Info(info::Info),
    Modify(modify::Modify),
    Clone(clone::Clone),
    Delete(delete::Delete),
    Rename(rename::Rename),
    SetArgs(set_args::SetArgs),
    ShowArguments(show_arguments::ShowArguments),
    ShowOption(show_option::ShowOption),
    ShowPhysical(show_physical::ShowPhysical),
    DumpNixPaths(dump_nix_paths::DumpNixPaths),
    Journal(journal::Journal),
    Logs(logs::Logs),
    Unlock(unlock::Unlock),
    Export(export::Export),
    Import(import::Import),
    ListPlugins(list_plugins::ListPlugins),
    Plan(plan::Plan),
    Plugin(plugin::Plugin),
    Schema(schema::Schema),
    Completions(completions::Completions),
    Man(man::Man),
    Cache(cache::Cache),
    SendKeys(send_keys::SendKeys),
    /// Is the provider of NixOps' own types
    #[command(hide = true, name = core_provider::VERB)]
    CoreProvider,
    /// Keeps the lock of a run as long as its providers live
    #[command(hide = true, name = lock_keeper::VERB)]
    KeepLock,
}

/// What every verb is handed: how to speak, and the children of the run.
struct Context {
    global: GlobalArguments,
    processes: Processes,
    ui: ui::Ui,
}

/// Runs the program and gives its exit code.
///
/// 0: all went well. 1: something failed. 2: the command line is wrong. 4: everything is activated,
/// but units failed. 100: everything is activated, but a reboot is needed. 130: interrupted.
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.collect();
    match completions::answer(&arguments) {
        Ok(false) => {}
        // A shell shows nothing of what goes wrong between two keys.
        Ok(true) => return ExitCode::SUCCESS,
        Err(_) => return ExitCode::FAILURE,
    }
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => usage::with_tip(error).exit(),
    };
    match arguments.verb {
        Verb::CoreProvider => return core_provider::main(),
        Verb::KeepLock => return lock_keeper::main(),
        _ => {}
    }
    let screen = Screen::start(arguments.verb.screen(&arguments.global));
    let context = Context {
        global: arguments.global,
        processes: Processes::new(),
        ui: screen.ui(),
    };
    let code = run(&context, arguments.verb);
    // Data that did not arrive is a failure, whatever else went well.
    let failed = u8::from(!screen.close());
    ExitCode::from(code.max(failed))
}

fn run(context: &Context, verb: Verb) -> u8 {
    let result = interrupt::watch(&context.processes, &context.ui).and_then(|()| match verb {
        Verb::Build(build) => build.run(context),
        Verb::Check(check) => check.run(context),
        Verb::Ssh(ssh) => ssh.run(context),
        Verb::Exec(exec) => exec.run(context),
        Verb::Scp(scp) => scp.run(context),
        Verb::CopyClosure(copy) => copy.run(context),
        Verb::Diff(diff) => diff.run(context),
        Verb::Status(status) => status.run(context),
        Verb::ListGenerations(list) => list.run(context),
        Verb::DeleteGeneration(delete) => delete.run(context),
        Verb::Rollback(rollback) => rollback.run(context),
        Verb::Reboot(reboot) => reboot.run(context),
        Verb::Start(start) => start.run(context),
        Verb::Stop(stop) => stop.run(context),
        Verb::ShowConsoleOutput(show) => show.run(context),
        Verb::DeleteResources(delete) => delete.run(context),
        Verb::Backup(backup) => backup.run(context),
        Verb::BackupStatus(status) => status.run(context),
        Verb::RemoveBackup(remove) => remove.run(context),
        Verb::CleanBackups(clean) => clean.run(context),
        Verb::Restore(restore) => restore.run(context),
        Verb::Mount(mount) => mount.run(context),
        Verb::Deploy(deploy) => deploy.run(context),
        Verb::ApplyLocal(apply) => apply.run(context),
        Verb::Destroy(destroy) => destroy.run(context),
        Verb::Eval(eval) => eval.run(context),
        Verb::Repl(repl) => repl.run(context),
        Verb::Edit(edit) => edit.run(context),
        Verb::Graph(graph) => graph.run(context),
        Verb::ImportResource(import) => import.run(context),
        Verb::Create(create) => create.run(context),
        Verb::List(list) => list.run(context),
        Verb::Info(info) => info.run(context),
        Verb::Modify(modify) => modify.run(context),
        Verb::Clone(clone) => clone.run(context),
        Verb::Delete(delete) => delete.run(context),
        Verb::Rename(rename) => rename.run(context),
        Verb::SetArgs(set) => set.run(context),
        Verb::ShowArguments(show) => show.run(context),
        Verb::ShowOption(show) => show.run(context),
        Verb::ShowPhysical(show) => show.run(context),
        Verb::DumpNixPaths(dump) => dump.run(context),
        Verb::Journal(journal) => journal.run(context),
        Verb::Logs(logs) => logs.run(context),
        Verb::Unlock(unlock) => unlock.run(context),
        Verb::Export(export) => export.run(context),
        Verb::Import(import) => import.run(context),
        Verb::ListPlugins(list) => list.run(context),
        Verb::Plan(plan) => plan.run(context),
        Verb::Plugin(plugin) => plugin.run(context),
        Verb::Schema(schema) => schema.run(context),
        Verb::Completions(completions) => completions.run(context),
        Verb::Man(man) => man.run(context),
        Verb::Cache(cache) => cache.run(context),
        Verb::SendKeys(send) => send.run(context),
        Verb::CoreProvider | Verb::KeepLock => Ok(0),
    });
    result.unwrap_or_else(|error| error::report(context, &error))
}

impl Verb {
    /// How the run is shown.
    fn screen(&self, global: &GlobalArguments) -> ui::Options {
        // Elsewhere `--json` means one value at the end, not a stream of events.
        let streaming = matches!(
            self,
            Self::Deploy(_) | Self::ApplyLocal(_) | Self::Destroy(_) | Self::SendKeys(_)
        );
        ui::Options {
            is_still: matches!(self, Self::Ssh(_) | Self::Scp(_) | Self::Mount(_)),
            ..global.screen(streaming)
        }
    }
}
