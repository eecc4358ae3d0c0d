//! The documentation: what is generated is up to date, and what is linked is there.
//!
//! `NIXOPS_UPDATE_DOCS=1 cargo test --test documentation` writes the reference of the command line and
//! the schemas of plans and checks.

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use rig::Rig;
use serde_json::Value;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// What stands before the generated part of the reference.
const PREFACE: &str = "# The command line

What `nixops --help` and the help of each command say. `NIXOPS_UPDATE_DOCS=1 cargo test --test
documentation` writes this page.
";

fn help(words: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nixops"));
    command.args(words).arg("--help").env_clear();
    let output = command.output().expect("the binary runs");
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let lines: Vec<_> = text.lines().map(str::trim_end).collect();
    lines.join("\n").trim_end().to_owned()
}

/// The commands that `nixops --help` lists, without `help` itself.
fn verbs(help: &str) -> Vec<&str> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let lines = lines.take_while(|line| !line.is_empty());
    let verbs = lines.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    verbs
        .filter(|verb| !verb.is_empty() && *verb != "help")
        .collect()
}

fn section(title: &str, help: &str) -> String {
    format!("\n## `{title}`\n\n```text\n{help}\n```\n")
}

fn reference() -> String {
    let top = help(&[]);
    let verbs = verbs(&top);
    assert!(verbs.contains(&"deploy"), "{top}");
    let sections: String = verbs.iter().map(|verb| sections(&[verb])).collect();
    format!("{PREFACE}{}{sections}", section("nixops", &top))
}

/// The sections of a command, and of the commands that it has in turn.
fn sections(words: &[&str]) -> String {
    let help = help(words);
    let own = section(&format!("nixops {}", words.join(" ")), &help);
    let below = verbs(&help).into_iter();
    let below = below.map(|verb| sections(&[words, &[verb]].concat()));
    own + &below.collect::<String>()
}

#[test]
fn the_reference_of_the_command_line_is_what_the_help_says() {
    let page = Path::new(ROOT).join("docs/src/cli.md");
    let reference = reference();
    if env::var_os("NIXOPS_UPDATE_DOCS").is_some() {
        fs::write(&page, &reference).expect("the page is writable");
    }
    let written = fs::read_to_string(&page).expect("docs/src/cli.md");
    assert!(
        written == reference,
        "docs/src/cli.md is stale: run NIXOPS_UPDATE_DOCS=1 cargo test --test documentation"
    );
}

#[test]
fn the_schemas_of_plans_and_checks_are_those_of_the_program() {
    for name in ["plan", "saved-plan", "check"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nixops"));
        let output = command.args(["schema", name]).env_clear().output();
        let output = output.expect("the binary runs");
        assert!(output.status.success(), "{output:?}");
        let schema = String::from_utf8(output.stdout).expect("UTF-8");
        let file = Path::new(ROOT).join(format!("docs/src/schemas/{name}.json"));
        if env::var_os("NIXOPS_UPDATE_DOCS").is_some() {
            fs::create_dir_all(file.parent().expect("a directory")).expect("docs is writable");
            fs::write(&file, &schema).expect("the schema is writable");
        }
        let written = fs::read_to_string(&file).expect("the schema");
        assert!(
            written == schema,
            "docs/src/schemas/{name}.json is stale: run NIXOPS_UPDATE_DOCS=1 cargo test --test documentation"
        );
    }
}

/// All pages: those of the book, and those at the top.
fn pages() -> Vec<PathBuf> {
    let book = fs::read_dir(Path::new(ROOT).join("docs/src")).expect("docs/src");
    let book = book.map(|entry| entry.expect("an entry").path());
    let top =
        ["README.md", "CHANGELOG.md", "CONTRIBUTING.md"].map(|name| Path::new(ROOT).join(name));
    book.filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .chain(top)
        .collect()
}

/// The text without what stands in fences, where brackets mean something else.
fn prose(text: &str) -> String {
    let mut fenced = false;
    let outside = |line: &&str| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fence && !fenced
    };
    let lines: Vec<_> = text.lines().filter(outside).collect();
    lines.join("\n")
}

/// Targets of the links `[…](target)` of a page.
fn links(text: &str) -> Vec<String> {
    let prose = prose(text);
    let targets = prose.split("](").skip(1);
    targets
        .filter_map(|rest| Some(rest.split_once(')')?.0.to_owned()))
        .collect()
}

/// The anchor that a heading has on GitHub and in mdBook.
fn anchor(heading: &str) -> String {
    let kept = |character: &char| character.is_alphanumeric() || " -_".contains(*character);
    let text: String = heading.trim().to_lowercase().chars().filter(kept).collect();
    text.replace(' ', "-")
}

fn anchors(text: &str) -> BTreeSet<String> {
    let prose = prose(text);
    let headings = prose.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| anchor(line.trim_start_matches('#')))
        .collect()
}

/// Says what is wrong with a link of a page, if anything is.
fn fault(page: &Path, target: &str) -> Option<String> {
    if target.starts_with("http://") || target.starts_with("https://") {
        return None;
    }
    let (file, fragment) = target.split_once('#').unwrap_or((target, ""));
    let file = if file.is_empty() {
        page.to_owned()
    } else {
        page.parent().expect("a page is in a directory").join(file)
    };
    if !file.exists() {
        return Some(format!("{}: no {target}", page.display()));
    }
    if fragment.is_empty() {
        return None;
    }
    let text = fs::read_to_string(&file).expect("a page");
    (!anchors(&text).contains(fragment)).then(|| format!("{}: no {target}", page.display()))
}

#[test]
fn every_link_leads_somewhere() {
    let pages = pages();
    let mut count = 0;
    let mut faults = Vec::new();
    for page in &pages {
        let text = fs::read_to_string(page).expect("a page");
        for target in links(&text) {
            count += 1;
            faults.extend(fault(page, &target));
        }
    }
    assert!(count > pages.len(), "only {count} links were found");
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn every_page_of_the_book_is_in_its_summary_once() {
    let source = Path::new(ROOT).join("docs/src");
    let summary = fs::read_to_string(source.join("SUMMARY.md")).expect("a summary");
    let mut listed = links(&summary);
    listed.push("SUMMARY.md".to_owned());
    listed.sort();
    let files = fs::read_dir(&source).expect("docs/src");
    let files = files.map(|entry| entry.expect("an entry"));
    let mut files: Vec<_> = files
        .filter(|entry| entry.path().is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    files.sort();
    assert_eq!(listed, files);
}

/// The first piece of Nix in a page.
fn first_nix(page: &str) -> String {
    let text = fs::read_to_string(Path::new(ROOT).join(page)).expect("a page");
    let (_, rest) = text.split_once("```nix\n").expect("a piece of Nix");
    rest.split_once("```").expect("its end").0.to_owned()
}

/// Evaluates a flake that a page shows, with hardware files as a user would put beside it.
fn evaluated(rig: &Rig, name: &str, flake: &str) -> Value {
    let directory = rig.home().join(name);
    fs::create_dir_all(directory.join("hardware")).expect("a directory");
    fs::write(directory.join("flake.nix"), flake).expect("a flake");
    let hardware = "{ fileSystems.\"/\" = { device = \"/dev/sda1\"; fsType = \"ext4\"; }; boot.loader.grub.device = \"/dev/sda\"; }";
    for machine in ["web", "db"] {
        let file = directory
            .join("hardware")
            .join(machine)
            .with_extension("nix");
        fs::write(file, hardware).expect("a file");
    }
    let mut command = rig.command(env!("CARGO_BIN_EXE_nixops"));
    command.args(["eval", "--json", "--override-input", "nixpkgs"]);
    command.arg(format!("path:{ROOT}/checks/pocket"));
    let output = command
        .current_dir(directory)
        .output()
        .expect("the binary runs");
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn the_networks_that_a_beginner_is_shown_evaluate() {
    let rig = Rig::new().expect("a rig");
    let network = evaluated(&rig, "readme", &first_nix("README.md"));
    assert_eq!(network["machines"]["db"]["targetHost"], "192.0.2.11");
    assert!(network["machines"]["web"]["derivation"].is_string());
    let started = first_nix("docs/src/getting-started.md");
    let network = evaluated(&rig, "started", &started);
    assert_eq!(network["machines"]["web"]["targetHost"], "web.example.org");
}

#[test]
fn the_network_that_an_author_of_a_plugin_is_shown_evaluates() {
    let rig = Rig::new().expect("a rig");
    let shown = "path:/home/me/nixops-greeter";
    let network = first_nix("docs/src/authoring.md");
    assert!(network.contains(shown));
    let network = network.replace(shown, &format!("path:{ROOT}/templates/plugin"));
    let network = evaluated(&rig, "greeted", &network);
    assert_eq!(network["machines"]["web"]["greeting"], "welcome");
    let greeting = &network["resources"]["greetings"]["welcome"];
    assert_eq!(greeting["text"], "Welcome aboard.");
}

/// What stands between backticks in a text.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Whether the program refuses a word of a command line because it does not know it. Nothing runs: what
/// follows is refused, and without a search path there is no Nix.
fn is_unknown(words: &[&str], word: &str) -> bool {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nixops"));
    let command = command.args(words).arg(word).arg("--no-such-option-at-all");
    let output = command.env_clear().output().expect("the binary runs");
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(!output.status.success(), "{words:?} {word}: {said}");
    let name = word.split('=').next().unwrap_or(word);
    said.contains(&format!("unexpected argument '{name}'"))
        || said.contains(&format!("unrecognized subcommand '{name}'"))
}

#[test]
fn every_command_that_users_of_other_tools_are_told_exists() {
    let page = fs::read_to_string(Path::new(ROOT).join("docs/src/others.md")).expect("the page");
    let mut count = 0;
    let mut unknown = BTreeSet::new();
    for line in code(&page) {
        let Some(words) = line.strip_prefix("nixops ") else {
            continue;
        };
        let (verb, rest) = words.split_once(' ').unwrap_or((words, ""));
        if is_unknown(&[], verb) {
            unknown.insert(format!("nixops {verb}"));
            continue;
        }
        count += 1;
        for option in rest.split(' ').filter(|word| word.starts_with('-')) {
            if is_unknown(&[verb], option) {
                unknown.insert(format!("nixops {verb} {option}"));
            }
        }
    }
    assert!(count > 60, "only {count} commands were found");
    assert!(unknown.is_empty(), "{unknown:#?}");
    assert!(is_unknown(&["deploy"], "--magic"));
    assert!(is_unknown(&[], "frobnicate"));
}
