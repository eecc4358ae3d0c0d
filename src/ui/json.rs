//! The run for programs: one event a line.

use super::handle::{Options, Renderer, ended};
use super::sink::Sink;
use super::{Event, message};

/// Writes events as JSON lines to standard output.
///
/// What ends the run is told to people too, on standard error, since the reader of the events may
/// be a file.
pub(super) struct Json {
    out: Sink,
    err: Sink,
    options: Options,
}

impl Json {
    pub(super) fn new(out: Sink, err: Sink, options: Options) -> Self {
        Self { out, err, options }
    }
}

impl Renderer for Json {
    fn event(&mut self, event: &Event) {
        match serde_json::to_string(event) {
            Ok(line) => self.out.line(&line),
            Err(error) => self
                .err
                .line(&format!("error: cannot write an event as JSON: {error}")),
        }
        if let Event::Error { diagnostic } = event {
            let color = self.err.color();
            self.err.line(&message::error(
                None,
                diagnostic,
                self.options.show_trace,
                color,
            ));
        }
    }

    fn data(&mut self, text: &str) {
        self.out.write(&ended(text));
    }

    fn talk(&mut self, text: &str) {
        self.err.write(&ended(text));
    }

    fn question(&mut self, text: &str) {
        self.err.write(text);
    }

    fn close(&mut self) -> bool {
        self.out.is_complete(&mut self.err)
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::super::handle::tests::shown;
    use super::*;
    use crate::evaluator::{Diagnostic, Position};
    use crate::network::Names;
    use crate::plan::{Extent, Goal};
    use crate::plan::{Outcome, Step, Summary};

    fn diagnostic() -> Diagnostic {
        let position = Some(Position {
            file: "flake.nix".to_owned(),
            line: 3,
            column: 5,
        });
        let message = "disk full".to_owned();
        Diagnostic {
            message,
            position,
            hint: None,
            trace: Vec::new(),
        }
    }

    fn events() -> Vec<Event> {
        let machine = || "web".to_owned();
        let extent = Extent::Activate(Goal::Switch);
        let machines = vec![machine(), "db".to_owned()];
        let failed = Outcome::Failed {
            step: Step::Copy,
            diagnostic: diagnostic(),
        };
        vec![
            Event::Started {
                flake: "path:/x".to_owned(),
                network: "default".to_owned(),
                nix: "2.8.0".to_owned(),
                extent: Some(extent),
            },
            Event::Names {
                names: Names {
                    machines,
                    ..Names::default()
                },
                selected: vec![machine()],
            },
            Event::StepStarted {
                machine: machine(),
                step: Step::Copy,
            },
            Event::StepFinished {
                machine: machine(),
                step: Step::Copy,
                seconds: 0.5,
            },
            Event::Log {
                machine: Some(machine()),
                step: Step::Activate,
                line: "a\u{1b}[31mb".to_owned(),
            },
            Event::MachineDone {
                machine: machine(),
                outcome: failed,
            },
            Event::MachineDone {
                machine: machine(),
                outcome: Outcome::Unchanged,
            },
            Event::Error {
                diagnostic: diagnostic(),
            },
            Event::Finished {
                summary: Summary::new(extent, std::iter::empty().collect(), 1.5),
            },
        ]
    }

    #[test]
    fn the_schema_names_every_kind_of_event() {
        let schema = serde_json::to_string(&schemars::schema_for!(Event)).unwrap();
        for event in events() {
            let value = serde_json::to_value(event).unwrap();
            let kind = format!("\"const\":{}", value["event"]);
            assert!(schema.contains(&kind), "{kind}");
        }
    }

    #[test]
    fn every_event_is_a_line_that_can_be_read_back() {
        let (out, err) = shown(
            |out, err| Box::new(Json::new(out, err, Options::default())),
            &events(),
        );
        let read: Vec<Event> = out
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(read, events());
        assert_snapshot!(out, @r#"
        {"event":"started","flake":"path:/x","network":"default","nix":"2.8.0","extent":{"activate":"switch"}}
        {"event":"names","machines":["web","db"],"resources":{},"selected":["web"]}
        {"event":"step-started","machine":"web","step":"copy"}
        {"event":"step-finished","machine":"web","step":"copy","seconds":0.5}
        {"event":"log","machine":"web","step":"activate","line":"a\u001b[31mb"}
        {"event":"machine-done","machine":"web","result":"failed","step":"copy","message":"disk full","position":{"file":"flake.nix","line":3,"column":5},"hint":null}
        {"event":"machine-done","machine":"web","result":"unchanged"}
        {"event":"error","message":"disk full","position":{"file":"flake.nix","line":3,"column":5},"hint":null}
        {"event":"finished","summary":{"extent":{"activate":"switch"},"machines":{},"totals":{"machines":0,"unchanged":0,"changed":0,"unitsFailed":0,"rebootRequired":0,"failed":0,"rolledBack":0,"skipped":0,"unreachable":0,"interrupted":0,"copied":{"paths":0,"bytes":0}},"seconds":1.5,"exitCode":0}}
        "#);
        assert_snapshot!(err, @r"
        error: disk full
          --> flake.nix:3:5
        ");
    }
}
