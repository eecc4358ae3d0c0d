use std::{
    io::{BufRead as _, BufReader},
    thread,
};

use super::*;

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

#[test]
fn both_pipes_are_drained_however_much_is_written() {
    let script = "head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2";
    let output = Processes::new()
        .output(&mut shell(script), "drain", None)
        .unwrap();
    assert!(output.status.success());
    assert_eq!(output.stdout.len(), 300_000);
    assert!(output.stderr.len() >= STDERR_KEPT);
}

#[test]
fn input_larger_than_a_pipe_goes_through() {
    let input = vec![b'x'; 400_000];
    let output = Processes::new()
        .output(&mut Command::new("cat"), "cat", Some(&input))
        .unwrap();
    assert_eq!(output.stdout, input);
}

#[test]
fn lines_arrive_with_their_stream() {
    let mut seen = Vec::new();
    let mut note = |stream, line: &str| seen.push((stream, line.to_owned()));
    let call = Call::new("talk").lines(&mut note);
    call.run(
        &Processes::new(),
        &mut shell("echo a; sleep 0.1; echo b >&2; sleep 0.1; printf c"),
    )
    .unwrap();
    let expected = [
        (Stream::Stdout, "a"),
        (Stream::Stderr, "b"),
        (Stream::Stdout, "c"),
    ];
    assert_eq!(
        seen,
        expected.map(|(stream, line)| (stream, line.to_owned()))
    );
}

#[test]
fn a_child_that_takes_too_long_is_ended_with_its_children() {
    let started = Instant::now();
    let call = Call::new("sleep").timeout(Duration::from_millis(200));
    let error = call
        .run(
            &Processes::new(),
            &mut shell("echo working >&2; sleep 60 & wait"),
        )
        .unwrap_err();
    assert!(
        matches!(&error, Error::TimedOut { stderr, .. } if stderr == "working\n"),
        "{error}"
    );
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_child_that_ignores_the_request_to_end_is_killed() {
    let call = Call::new("stubborn").timeout(Duration::from_millis(200));
    let mut command = shell("trap '' TERM; while :; do sleep 0.1; done");
    assert!(matches!(
        call.run(&Processes::new(), &mut command),
        Err(Error::TimedOut { .. })
    ));
}

#[test]
fn a_stranger_that_holds_the_pipes_does_not_hold_us() {
    let started = Instant::now();
    let output = Processes::new()
        .output(&mut shell("setsid sleep 6 & echo done"), "leave", None)
        .unwrap();
    assert_eq!(output.stdout, b"done\n");
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_bad_status_is_an_error_only_when_checked() {
    let output = Processes::new()
        .output(&mut shell("echo why >&2; exit 3"), "try", None)
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    let error = output.checked().unwrap_err();
    assert_eq!(error.to_string(), "try: sh ended with exit status 3\n  why");
    assert_eq!(error.command_line(), Some("sh -c 'echo why >&2; exit 3'"));
}

#[test]
fn a_missing_program_is_named() {
    let error = Processes::new()
        .output(&mut Command::new("no-such-program"), "try", None)
        .unwrap_err();
    assert_eq!(error.to_string(), "try: cannot start no-such-program");
}

#[test]
fn an_interrupt_ends_children_and_refuses_new_ones() {
    let processes = Processes::with_grace(Duration::from_millis(300));
    let worker = thread::spawn({
        let processes = processes.clone();
        move || {
            processes.output(
                &mut shell("trap '' TERM; sleep 60 & while :; do sleep 0.1; done"),
                "copy web",
                None,
            )
        }
    });
    while processes.running().is_empty() {
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(processes.running(), ["copy web"]);
    thread::sleep(Duration::from_millis(100));
    processes.interrupt();
    assert!(worker.join().unwrap().unwrap_err().is_interrupted());
    assert!(processes.wait_all(Duration::ZERO));
    assert!(
        processes
            .spawn(&mut shell("true"), "late")
            .unwrap_err()
            .is_interrupted()
    );
}

#[test]
fn dropping_a_running_child_ends_its_group() {
    let processes = Processes::new();
    let mut command = shell("sleep 60 & echo $!; wait");
    command.stdout(Stdio::piped());
    let mut running = processes.spawn(&mut command, "nap").unwrap();
    let mut grandchild = String::new();
    BufReader::new(running.take_stdout().unwrap())
        .read_line(&mut grandchild)
        .unwrap();
    drop(running);
    assert!(processes.running().is_empty());
    thread::sleep(Duration::from_millis(50));
    let state = std::fs::read_to_string(format!("/proc/{}/stat", grandchild.trim()));
    assert!(
        !state.is_ok_and(|stat| stat.contains(" S ")),
        "the grandchild is still asleep"
    );
}

#[test]
fn a_child_that_closes_its_pipes_is_waited_for() {
    let started = Instant::now();
    let output = Processes::new()
        .output(&mut shell("exec >&- 2>&-; sleep 0.3; exit 3"), "hide", None)
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(started.elapsed() >= Duration::from_millis(300));
}

#[test]
fn a_child_that_reads_nothing_is_not_held_up() {
    let input = vec![b'x'; 400_000];
    let output = Processes::new()
        .output(&mut shell("echo done"), "ignore", Some(&input))
        .unwrap();
    assert_eq!(output.stdout, b"done\n");
}

#[test]
fn what_is_written_and_read_at_once_comes_through() {
    let input = vec![b'y'; 1_000_000];
    let mut command = shell("tee /dev/stderr");
    let output = Processes::new()
        .output(&mut command, "echo", Some(&input))
        .unwrap();
    assert_eq!(output.stdout, input);
}
