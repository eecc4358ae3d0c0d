use std::path::Path;

use nix_compat::log::{
    ActivityType, Field, Line, LogMessage, Message, ResultType, VerbosityLevel, parse_line,
    strip_ansi,
};

use crate::sandbox::Sandbox;

/// Runs a program of Nix with its log in JSON, and demands that every line is a message, that can
/// be written and read again.
fn messages(sandbox: &Sandbox, program: &str, arguments: &[&str]) -> Vec<LogMessage> {
    let mut arguments = arguments.to_vec();
    arguments.extend(["--log-format", "internal-json"]);
    let output = sandbox.run(program, &arguments);
    let said = String::from_utf8(output.stderr).expect("text");
    let read = |line: &str| match parse_line(line) {
        Line::Message(message) => message,
        Line::Text(text) => panic!("not understood: {text}"),
    };
    let messages: Vec<LogMessage> = said.lines().map(read).collect();
    for message in &messages {
        let written = message.to_json_str().expect("JSON");
        assert_eq!(
            &LogMessage::from_json_str(&written).expect("a message"),
            message
        );
    }
    messages
}

fn only_error(messages: Vec<LogMessage>) -> Message {
    let errors = messages.into_iter().filter_map(|message| match message {
        LogMessage::Msg(message) if message.raw_msg.is_some() => Some(message),
        _ => None,
    });
    let errors: Vec<Message> = errors.collect();
    let [error] = <[Message; 1]>::try_from(errors).expect("one error");
    error
}

#[test]
fn a_build_is_an_activity_with_phases_and_lines() {
    let sandbox = Sandbox::for_builds();
    let file = sandbox.write(
        "build.nix",
        r#"derivation {
          name = "built";
          system = builtins.currentSystem;
          builder = "/bin/sh";
          args = [ "-c" ''
            echo first line
            echo '@nix { "action": "setPhase", "phase": "buildPhase" }'
            echo last line > $out
            echo "last line"
          '' ];
        }"#,
    );
    let file = file.display().to_string();
    let messages = messages(&sandbox, "nix-build", &["--no-out-link", &file]);
    let started = messages.iter().find_map(|message| match message {
        LogMessage::Start {
            id,
            typ: ActivityType::Build,
            fields,
            level,
            ..
        } => Some((*id, fields.clone(), *level)),
        _ => None,
    });
    let (build, fields, level) = started.expect("a build");
    let derivation = fields[0].as_str().expect("a derivation");
    assert!(derivation.ends_with("-built.drv"), "{derivation}");
    assert_eq!(fields[2].as_u64(), Some(1));
    assert_eq!(level, VerbosityLevel::Info);

    let results = |wanted: ResultType| -> Vec<String> {
        let text = |message: &LogMessage| match message {
            LogMessage::Result { id, typ, fields } if *id == build && *typ == wanted => {
                fields[0].as_str().map(str::to_owned)
            }
            _ => None,
        };
        messages.iter().filter_map(text).collect()
    };
    assert_eq!(
        results(ResultType::BuildLogLine),
        ["first line", "last line"]
    );
    assert_eq!(results(ResultType::SetPhase), ["buildPhase"]);
    assert!(messages.contains(&LogMessage::Stop { id: build }));
    let progressed = messages.iter().any(|message| {
        matches!(
            message,
            LogMessage::Result {
                typ: ResultType::Progress,
                ..
            }
        )
    });
    assert!(progressed);
    let unknown = messages.iter().any(|message| {
        matches!(
            message,
            LogMessage::Start {
                typ: ActivityType::Other(_),
                ..
            }
        ) || matches!(
            message,
            LogMessage::Result {
                typ: ResultType::Other(_),
                ..
            }
        )
    });
    assert!(
        !unknown,
        "a kind of activity has no name here: {messages:?}"
    );
}

#[test]
fn an_error_has_its_position_and_trace() {
    let sandbox = Sandbox::new();
    let file = sandbox.write(
        "bad.nix",
        "let\n  f = x: x.missing;\nin\n{ attribute = f { }; }\n",
    );
    let file = file.display().to_string();
    let arguments = ["--eval", "--strict", "--show-trace", &file];
    let error = only_error(messages(&sandbox, "nix-instantiate", &arguments));
    assert_eq!(error.level, VerbosityLevel::Error);
    let raw_msg = error.raw_msg.expect("an error");
    assert_eq!(strip_ansi(&raw_msg), "attribute 'missing' missing");
    assert!(strip_ansi(&error.msg).starts_with("error:"));
    assert_eq!(error.position.path(), Some(Path::new(&file)));
    assert_eq!(
        (error.position.line, error.position.column),
        (Some(2), Some(10))
    );
    let steps: Vec<String> = error
        .trace
        .iter()
        .map(|step| strip_ansi(&step.raw_msg).into_owned())
        .collect();
    let at = |text: &str| {
        let found = steps.iter().position(|step| step.contains(text));
        found.unwrap_or_else(|| panic!("no '{text}' in {steps:?}"))
    };
    assert!(
        at("'f'") < at("'attribute'"),
        "the innermost step first: {steps:?}"
    );
    let outermost = &error.trace[at("'attribute'")].position;
    assert_eq!(
        (outermost.path(), outermost.line),
        (Some(Path::new(&file)), Some(4))
    );
}

#[test]
fn code_that_stands_in_no_file_has_none() {
    let sandbox = Sandbox::new();
    let arguments = ["--eval", "--show-trace", "--expr", "(x: x.missing) { }"];
    let error = only_error(messages(&sandbox, "nix-instantiate", &arguments));
    assert_eq!(
        (error.position.line, error.position.column),
        (Some(1), Some(5))
    );
    assert!(error.position.file.is_some());
    assert_eq!(error.position.path(), None);
}

#[test]
fn warnings_and_traces_of_expressions_are_messages() {
    let sandbox = Sandbox::new();
    let arguments = ["--eval", "--expr", "builtins.trace \"seen\" 1"];
    let messages = messages(&sandbox, "nix-instantiate", &arguments);
    let seen = messages
        .iter()
        .any(|message| matches!(message, LogMessage::Msg(message) if message.msg == "trace: seen"));
    assert!(seen, "{messages:?}");
}

#[test]
fn what_is_not_understood_is_text() {
    for line in [
        "plain",
        "",
        "@nix",
        "@nix {",
        "@nix []",
        r#"@nix {"action":"unheard-of"}"#,
        r#" @nix {"action":"stop","id":1}"#,
    ] {
        assert_eq!(parse_line(line), Line::Text(line));
    }
}

#[test]
fn versions_to_come_may_send_more() {
    let line = r#"@nix {"action":"start","id":1,"level":9,"type":999,"fields":[1,"a",null,-1,{"x":[]}],"new":true}"#;
    let Line::Message(LogMessage::Start {
        level,
        typ,
        fields,
        parent,
        text,
        ..
    }) = parse_line(line)
    else {
        panic!("not understood")
    };
    assert_eq!(
        (level, typ),
        (VerbosityLevel::Other(9), ActivityType::Other(999))
    );
    assert_eq!((parent, &*text), (0, ""));
    assert_eq!(fields.len(), 5);
    assert_eq!(fields[..2], [Field::Int(1), Field::String("a".to_owned())]);
    assert!(
        fields[2..]
            .iter()
            .all(|field| matches!(field, Field::Other(_)))
    );
}
