//! The deployer's side: programs that see the rig's `/nix` and home directory in place of the machine's.

use std::{env, ffi::OsStr, fs, path::Path, process::Command};

use crate::{
    error::{RigError, file},
    files::NIX_SETTINGS,
    layout::Layout,
};

/// What a program may take over from this process. Everything else is the rig's or absent.
const KEPT: &[&str] = &[
    "PATH",
    "TERM",
    "NO_COLOR",
    "RUST_BACKTRACE",
    "RUST_LOG",
    "LLVM_PROFILE_FILE",
    "CARGO_HOME",
    "RUSTUP_HOME",
];

/// Returns a command that runs `program` on the deployer's side of the rig in the directory `root`.
///
/// The environment holds `PATH` as it is here, `HOME`, `XDG_*` and `TMPDIR` in the rig, and `NIX_CONFIG`.
/// `~` in ssh and git, which ask the password file and not `HOME`, is the rig's home too.
pub fn deployer_command(root: &Path, program: impl AsRef<OsStr>) -> Command {
    let layout = Layout::new(root);
    let mut command = Command::new("unshare");
    command.args(["--mount", "--", "/bin/sh"]);
    command
        .arg(layout.scripts().join("deployer.sh"))
        .arg(root)
        .arg(program);
    command.env_clear();
    command.envs(
        KEPT.iter()
            .filter_map(|name| Some((name, env::var_os(name)?))),
    );
    command.envs(environment(&layout));
    command
}

fn environment(layout: &Layout) -> Vec<(&'static str, String)> {
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let home = layout.home();
    vec![
        ("HOME", text(&home)),
        ("USER", "root".to_owned()),
        ("LOGNAME", "root".to_owned()),
        ("LANG", "C.UTF-8".to_owned()),
        ("XDG_CONFIG_HOME", text(&home.join("config"))),
        ("XDG_CACHE_HOME", text(&home.join("cache"))),
        ("XDG_DATA_HOME", text(&home.join("data"))),
        ("XDG_STATE_HOME", text(&home.join("state"))),
        ("XDG_RUNTIME_DIR", text(&layout.root.join("run"))),
        ("TMPDIR", text(&layout.temporary())),
        ("GIT_CONFIG_NOSYSTEM", "1".to_owned()),
        ("NIX_CONFIG", nix_config(layout)),
    ]
}

/// An empty registry in a file, since an empty `flake-registry` is no registry only from Nix 2.20 on.
fn nix_config(layout: &Layout) -> String {
    format!(
        "{NIX_SETTINGS}flake-registry = {}\nwarn-dirty = false\n",
        layout.registry().display()
    )
}

/// Lists the command lines of processes that have the rig's home as theirs.
pub(crate) fn running_programs(home: &Path) -> Result<Vec<String>, RigError> {
    let wanted = format!("HOME={}", home.display());
    let processes = fs::read_dir("/proc").map_err(file("read", "/proc"))?;
    Ok(processes
        .flatten()
        .filter(|process| has_variable(&process.path(), &wanted))
        .filter_map(|process| command_line(&process.path()))
        .collect())
}

fn has_variable(process: &Path, wanted: &str) -> bool {
    // A process may end at any moment; one that cannot be read is not there any more.
    fs::read(process.join("environ")).is_ok_and(|environment| {
        environment
            .split(|byte| *byte == 0)
            .any(|line| line == wanted.as_bytes())
    })
}

fn command_line(process: &Path) -> Option<String> {
    let line = fs::read(process.join("cmdline")).ok()?;
    let words: Vec<_> = line
        .split(|byte| *byte == 0)
        .map(String::from_utf8_lossy)
        .collect();
    Some(words.join(" ").trim().to_owned()).filter(|line| !line.is_empty())
}
