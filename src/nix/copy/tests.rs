use super::*;

/// The progress after a Nix said this.
fn after(lines: &[&str]) -> CopyProgress {
    let mut watch = Watch::default();
    for line in lines {
        watch.line(&format!("@nix {line}"));
    }
    watch.progress()
}

#[test]
fn nix_2_8_tells_paths_only() {
    let progress = after(&[
        r#"{"action":"start","id":1,"level":0,"text":"","type":103}"#,
        r#"{"action":"stop","id":1}"#,
        r#"{"action":"start","id":2,"level":3,"text":"copying 2 paths","type":103}"#,
        r#"{"action":"start","fields":["/nix/store/a-x","local","ssh://web"],"id":3,"level":3,"text":"copying path '/nix/store/a-x' to 'ssh://web'","type":100}"#,
        r#"{"action":"stop","id":3}"#,
    ]);
    assert_eq!(
        progress,
        CopyProgress {
            paths: 1,
            paths_expected: 2,
            ..CopyProgress::default()
        }
    );
}

#[test]
fn newer_nix_tells_bytes_too() {
    let progress = after(&[
        r#"{"action":"start","id":2,"level":3,"parent":0,"text":"copying 2 paths","type":103}"#,
        r#"{"action":"result","fields":[0,2,1,0],"id":2,"type":105}"#,
        r#"{"action":"result","fields":[100,5000],"id":2,"type":106}"#,
        r#"{"action":"start","fields":["/nix/store/a-x","local","ssh://web"],"id":3,"level":3,"parent":2,"text":"copying path","type":100}"#,
        r#"{"action":"result","fields":[1000,3000,0,0],"id":3,"type":105}"#,
        r#"{"action":"result","fields":[3000,3000,0,0],"id":3,"type":105}"#,
        r#"{"action":"stop","id":3}"#,
        r#"{"action":"result","fields":[1,2,0,0],"id":2,"type":105}"#,
    ]);
    assert_eq!(
        progress,
        CopyProgress {
            bytes: 3000,
            bytes_expected: 5000,
            paths: 1,
            paths_expected: 2
        }
    );
}

#[test]
fn a_daemon_tells_what_it_fetches() {
    let said = [
        r#"{"action":"start","id":1,"level":0,"type":102,"text":""}"#,
        r#"{"action":"start","id":2,"level":0,"type":103,"text":""}"#,
        r#"{"action":"result","id":2,"type":105,"fields":[0,2,0,0]}"#,
        r#"{"action":"result","id":1,"type":106,"fields":[101,416]}"#,
        r#"{"action":"result","id":1,"type":106,"fields":[100,5000]}"#,
        r#"{"action":"start","id":3,"level":0,"type":108,"text":"","fields":["/nix/store/a-x","https://cache"]}"#,
        r#"{"action":"start","id":4,"level":3,"type":100,"text":"copying path","parent":3}"#,
        r#"{"action":"result","id":4,"type":105,"fields":[3000,3000,0,0]}"#,
        r#"{"action":"stop","id":4}"#,
        r#"{"action":"stop","id":3}"#,
        r#"{"action":"result","id":2,"type":105,"fields":[1,2,0,0]}"#,
    ];
    let mut watch = Watch::default();
    let events = said.iter().filter_map(|line| {
        let heard = watch.line(&format!("@nix {line}"))?;
        Some(watch.event(heard, CopyEvent::Fetched))
    });
    let events: Vec<CopyEvent> = events.collect();
    let begun = CopyEvent::Fetching {
        path: "/nix/store/a-x".into(),
        from: "https://cache".to_owned(),
    };
    assert!(events.contains(&begun), "{events:#?}");
    let last = CopyProgress {
        bytes: 3000,
        bytes_expected: 5000,
        paths: 1,
        paths_expected: 2,
    };
    assert_eq!(events.last(), Some(&CopyEvent::Fetched(last)));
}

#[test]
fn failures_are_told_apart_by_what_was_said() {
    let cases = [
        (
            "error: writing to file: No space left on device",
            CopyFailure::NoSpace,
        ),
        (
            "bash: line 1: nix-store: command not found\nerror: cannot connect to 'web'",
            CopyFailure::NoNix,
        ),
        ("fish: Unknown command: nix-daemon", CopyFailure::NoNix),
        (
            "error: cannot add path '/nix/store/a-x' because it lacks a valid signature",
            CopyFailure::Permission,
        ),
        (
            "mux_client_request_session: read from master failed: Broken pipe",
            CopyFailure::ConnectionLost,
        ),
        ("error: something else", CopyFailure::Other),
    ];
    for (said, expected) in cases {
        assert_eq!(classify(said), expected, "{said}");
    }
}
