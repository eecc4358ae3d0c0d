//! `nixops ssh` and `nixops exec`: commands on machines.

use std::{process::Stdio, time::Instant};

use serde_json::json;

use crate::lab::{Lab, Run};

/// Two hosts that are deployed, in a network that nobody can read any more.
fn deployed() -> Lab {
    let lab = Lab::with_hosts(["web", "db"]);
    let (web, db) = (lab.reach("web"), lab.reach("db"));
    lab.network(&format!(
        "web = {{ {web} deployment.tags = [ \"front\" ]; }}; db = {{ {db} }};"
    ));
    lab.deploy(&[]).exits(0);
    lab.write("flake.nix", "{ outputs = throw \"broken\"; }");
    lab
}

#[test]
fn words_arrive_as_they_are_and_the_exit_code_is_that_of_the_command() {
    let lab = deployed();
    let run = lab.nixops(["ssh", "web", "--", "echo", "a  b", "$HOME", "'"]);
    run.exits(0);
    assert_eq!(run.stdout, "a  b $HOME '\n");
    let shell = lab.nixops(["ssh", "web", "sh", "-c", "hostname; exit 7"]);
    shell.exits(7);
    assert_eq!(shell.stdout, "web\n");
    let user = lab.nixops(["ssh", "alice@db", "--", "id", "-un"]);
    assert_eq!(user.exits(0).stdout, "alice\n");
    // Options of ssh come before the words.
    lab.nixops([
        "ssh",
        "web",
        "-o",
        "RequestTTY=force",
        "--",
        "test",
        "-t",
        "0",
    ])
    .exits(0);
    let told = lab.nixops([
        "ssh",
        "--json",
        "@front",
        "--",
        "sh",
        "-c",
        "echo out; echo err >&2; exit 3",
    ]);
    told.exits(3);
    let told = told.json();
    assert_eq!(told["machine"], "web");
    assert_eq!(
        (&told["stdout"], &told["stderr"]),
        (&json!("out\n"), &json!("err\n"))
    );
    assert_eq!(told["exitCode"], 3);
}

#[test]
fn a_shell_has_the_terminal_and_nobody_waits_for_the_lock() {
    let lab = deployed();
    // Somebody deploys meanwhile: as long as this lives, the state is locked.
    let mut holder = lab.rig.command("sh");
    let locks = lab.rig.home().join("state/nixops");
    let script = "for lock in \"$1\"/*.lock \"$1\"/locks/*; do [ -e \"$lock\" ] && exec 9<\"$lock\" && flock 9; done; echo held; cat";
    holder.args(["-c", script, "sh"]).arg(locks);
    let mut holder = holder
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();

    let mut command = lab.rig.command("script");
    let line = format!("{} ssh web", env!("CARGO_BIN_EXE_nixops"));
    command.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
    command.current_dir(&lab.directory).env("TERM", "xterm");
    command.env("NIXOPS_SSH_CONFIG", lab.rig.ssh_config());
    let mut shell = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    {
        use std::io::Write as _;
        let mut typed = shell.stdin.take().unwrap();
        // What is typed is read by the shell there, on a terminal of its own.
        typed
            .write_all(b"test -t 0 && echo tty-$((6*7)); hostname; exit 5\n")
            .unwrap();
        let output = shell.wait_with_output().unwrap();
        let run: Run = output.into();
        run.exits(5);
        assert!(
            run.stdout.contains("tty-42") && run.stdout.contains("web"),
            "{run:?}"
        );
    }
    drop(holder.stdin.take());
    holder.wait().unwrap();
}

#[test]
fn keys_of_a_backend_let_in_and_who_was_never_deployed_is_found_by_the_options() {
    let lab = Lab::with_hosts(["plain"]);
    let plain = lab.reach("plain");
    lab.network_in_the_cloud(&format!(
        "web = {{ }}; plain = {{ lib, ... }}: {{ deployment.targetEnv = lib.mkForce \"none\"; {plain} }}; broken = throw \"not this one\";"
    ));
    // Nothing is there yet: its options say how it is reached, and no system is evaluated.
    let run = lab.nixops(["ssh", "plain", "--", "hostname"]);
    run.exits(0);
    assert_eq!(run.stdout, "plain\n");
    assert_eq!(lab.records(), None);
    lab.nixops(["ssh", "web", "--", "hostname"])
        .exits(1)
        .says("web: its backend `neatcloud` has not made it")
        .says("hint: deploy it");
    lab.deploy(&["--on", "web"]).exits(0);
    let made = lab.nixops(["ssh", "web", "--", "hostname"]);
    made.exits(0);
    let both = lab.nixops(["exec", "--on", "web", "plain", "--json", "--", "hostname"]);
    both.exits(0);
    assert_eq!(both.json()[1]["stdout"], made.stdout.as_str());
    assert_eq!(both.json()[0]["machine"], "plain");
}

#[test]
fn who_is_not_there_or_not_one_is_named_with_what_was_meant() {
    let lab = deployed();
    lab.nixops(["ssh", "wbe"])
        .exits(1)
        .says("no machine matches 'wbe'")
        .says("did you mean 'web'?");
    lab.nixops(["ssh", "*"])
        .exits(1)
        .says("`*` are db and web")
        .says("hint: name one of them");
    lab.nixops(["exec", "--on", "@frnt", "--", "true"])
        .exits(1)
        .says("no machine matches '@frnt'")
        .says("did you mean '@front'?");
    lab.nixops(["ssh"]).exits(2);
    lab.nixops(["exec", "--on", "web"]).exits(2).says("<WORD>");
    let nowhere = Lab::without_hosts();
    nowhere
        .nixops(["exec", "--", "true"])
        .exits(1)
        .says("flake.nix");
}

#[test]
fn a_command_runs_everywhere_at_once_and_what_each_wrote_stands_together() {
    let lab = deployed();
    let script = "echo one; sleep 1; hostname; echo careful >&2";
    let begun = Instant::now();
    let run = lab.nixops(["exec", "--", "sh", "-c", script]);
    let took = begun.elapsed().as_secs_f64();
    run.exits(0);
    assert_eq!(run.stdout, "db> one\ndb> db\nweb> one\nweb> web\n");
    assert_eq!(run.stderr, "db> careful\nweb> careful\n");
    let begun = Instant::now();
    let in_turn = lab.nixops(["ssh-for-each", "-p", "1", "--", "sh", "-c", script]);
    assert!(begun.elapsed().as_secs_f64() > 2.0, "two seconds of sleep");
    assert_eq!(in_turn.exits(0).stdout, run.stdout);
    assert!(took < begun.elapsed().as_secs_f64(), "{took} s together");

    let streamed = lab.nixops(["exec", "--stream", "--on", "web", "--", "sh", "-c", script]);
    assert_eq!(streamed.exits(0).stdout, "web> one\nweb> web\n");
}

#[test]
fn the_exit_code_is_the_greatest_and_a_host_that_is_away_stops_no_other() {
    let lab = deployed();
    let script = "case $(hostname) in web) exit 3;; *) exit 1;; esac";
    let run = lab.nixops(["exec", "--", "sh", "-c", script]);
    run.exits(3)
        .says("error: db: the command ended with exit status 1")
        .says("error: web: the command ended with exit status 3");
    lab.host("db").stop().unwrap();
    let away = lab.nixops(["exec", "--json", "--", "hostname"]);
    away.exits(255);
    let told = away.json();
    assert_eq!(told[0]["exitCode"], json!(null));
    let problem = told[0]["problem"]["message"].as_str().unwrap();
    assert!(
        problem.starts_with("the connection was refused"),
        "{problem}"
    );
    assert_eq!(told[1]["stdout"], "web\n");
    lab.nixops(["exec", "--", "hostname"])
        .exits(255)
        .says("error: db: the connection was refused")
        .says("hint: check that sshd runs there");
    let late = lab.nixops(["exec", "--on", "web", "--timeout", "1", "--", "sleep", "20"]);
    late.exits(255)
        .says("web: command on web")
        .says("did not finish within 1 s");
}

#[test]
fn who_is_not_root_becomes_root_where_that_is_asked_for() {
    let lab = Lab::with_hosts(["web"]);
    let web = lab.reach("web");
    let network = |user: &str| {
        let user = format!("deployment.targetUser = \"{user}\";");
        lab.network(&format!("web = {{ {web} {user} }};"));
        lab.deploy(&[]).exits(0);
    };
    network("root");
    network("alice");
    let plain = lab.nixops(["exec", "--", "id", "-un"]);
    assert_eq!(plain.exits(0).stdout, "web> alice\n");
    let root = lab.nixops(["exec", "--elevate", "--", "id", "-un"]);
    assert_eq!(root.exits(0).stdout, "web> root\n");
}
