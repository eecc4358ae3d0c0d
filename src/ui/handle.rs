//! The handle that everyone sends to, and the thread that writes.

use std::env;
use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use crate::evaluator::Diagnostic;
use crate::process::Stream;

use super::json::Json;
use super::lines::Lines;
use super::live::Live;
use super::recorder::Recorder;
use super::secret::{Hidden, read_secret};
use super::sink::Sink;
use super::talk::logged;
use super::{Color, Event};

/// How often the display on a terminal moves.
const TICK: Duration = Duration::from_millis(120);

/// For whom the run is shown.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Format {
    /// For people: a display on a terminal, lines elsewhere.
    #[default]
    People,
    /// For programs: one JSON event a line on standard output.
    Json,
}

/// How the run is shown.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Options {
    /// For whom.
    pub format: Format,
    /// Whether in colours.
    pub color: Color,
    /// Whether Nix's own trace is shown with its errors.
    pub show_trace: bool,
    /// How much is told beyond what matters: at 1 also every step and every line of output.
    pub verbosity: u8,
    /// Whether nothing moves, since a program that the user runs has the terminal.
    pub is_still: bool,
    /// Whether the run may be kept in a file; see [`Ui::record`].
    pub is_recorded: bool,
}

/// One way to show a run.
pub(super) trait Renderer: Send {
    /// Shows an event.
    fn event(&mut self, event: &Event);
    /// Writes data that the user asked for.
    fn data(&mut self, text: &str);
    /// Writes text that is not data.
    fn talk(&mut self, text: &str);
    /// Writes a question, behind which the answer will stand.
    fn question(&mut self, text: &str);
    /// Lets time pass on the display.
    fn tick(&mut self) {}
    /// Takes the display away; tells whether standard output took all that was written to it.
    fn close(&mut self) -> bool;
}

enum Message {
    Event(Box<Event>),
    Data(String),
    Talk(String),
    Record(File),
    /// A question, whom to tell that it is shown, and what ends with it.
    Question(String, Sender<()>, Receiver<()>),
    Close,
}

/// A time in which another program has the terminal.
#[derive(Debug)]
#[must_use = "the terminal comes back with its end"]
pub struct HandedOver {
    _answered: Sender<()>,
}

/// Sends what happens to where it is shown; cheap to clone, and usable from every thread.
#[derive(Clone, Debug)]
pub struct Ui {
    sender: Sender<Message>,
}

impl Ui {
    /// Shows an event.
    pub fn send(&self, event: Event) {
        // After the end nobody listens, and nothing is worth saying.
        let _ = self.sender.send(Message::Event(Box::new(event)));
    }

    /// Writes data that the user asked for to standard output, with a line end if it has none.
    pub fn data(&self, text: impl Into<String>) {
        let _ = self.sender.send(Message::Data(text.into()));
    }

    /// Keeps everything that happens in this run in a file, as JSON lines, from its beginning on.
    pub fn record(&self, file: File) {
        let _ = self.sender.send(Message::Record(file));
    }

    /// Writes a line of a program that the user runs on a machine, to the stream that the program wrote it to.
    pub fn line(&self, machine: &str, stream: Stream, line: &str) {
        let text = logged(Some(machine), line);
        let _ = self.sender.send(match stream {
            Stream::Stdout => Message::Data(text),
            Stream::Stderr => Message::Talk(text),
        });
    }

    /// Shows a question to a person and waits for the answer; whatever is not a yes is a no.
    ///
    /// Ask only where [`can_ask`] says that there is a person.
    pub fn ask(&self, question: &str, interrupted: impl Fn() -> bool) -> bool {
        let question = format!("{question} (y/N) ");
        let answer = self.answer(question, read_answer, interrupted);
        answer.unwrap_or_default()
    }

    /// Shows a question to a person and waits for an answer that is not shown; none for the end of the input.
    ///
    /// Ask only where [`can_ask`] says that there is a person.
    pub fn ask_secret(
        &self,
        question: &str,
        interrupted: impl Fn() -> bool,
    ) -> Option<Zeroizing<String>> {
        let _hidden = Hidden::begin();
        let answer = self.answer(question.to_owned(), read_secret, interrupted);
        answer.flatten()
    }

    /// Shows a question and waits until it is answered. Nothing else is shown meanwhile.
    fn answer<T: Send + 'static>(
        &self,
        question: String,
        read: impl FnOnce() -> T + Send + 'static,
        interrupted: impl Fn() -> bool,
    ) -> Option<T> {
        let (shown, is_shown) = mpsc::channel();
        // Its end is that of the question.
        let (_answered, until) = mpsc::channel();
        let question = Message::Question(question, shown, until);
        if self.sender.send(question).is_err() || is_shown.recv().is_err() {
            return None;
        }
        let (sender, answer) = mpsc::channel();
        // A thread of its own, since nothing ends a read but an answer.
        thread::spawn(move || sender.send(read()));
        loop {
            match answer.recv_timeout(TICK) {
                Ok(answer) => return Some(answer),
                Err(RecvTimeoutError::Timeout) if !interrupted() => {}
                Err(_) => return None,
            }
        }
    }

    /// Takes the display away for a program that has the terminal: nothing is shown until the result goes.
    pub fn hand_over(&self) -> HandedOver {
        let (shown, is_shown) = mpsc::channel();
        let (answered, until) = mpsc::channel();
        let nothing = Message::Question(String::new(), shown, until);
        if self.sender.send(nothing).is_ok() {
            // Where nobody shows anything, there is nothing to wait for.
            let _ = is_shown.recv();
        }
        HandedOver {
            _answered: answered,
        }
    }

    /// Shows a warning, of a machine or of the run.
    pub fn warning(&self, machine: Option<&str>, message: impl Into<String>, hint: Option<String>) {
        let machine = machine.map(str::to_owned);
        self.send(Event::Warning {
            machine,
            message: message.into(),
            hint,
        });
    }

    /// Shows what ends the run.
    pub fn error(&self, diagnostic: Diagnostic) {
        self.send(Event::Error { diagnostic });
    }
}

/// The thread that writes, as long as the run lasts.
#[derive(Debug)]
pub struct Screen {
    ui: Ui,
    thread: Option<JoinHandle<bool>>,
}

impl Screen {
    /// Starts to show a run on the standard streams.
    pub fn start(options: Options) -> Self {
        let out: Box<dyn Write + Send> = Box::new(io::stdout());
        let err: Box<dyn Write + Send> = Box::new(io::stderr());
        let out = Sink::new(out, options.color.applies_to(&io::stdout()));
        let err = Sink::new(err, options.color.applies_to(&io::stderr()));
        let recorder = Recorder::new(options.is_recorded);
        Self::with(
            recorder,
            match options.format {
                Format::Json => Box::new(Json::new(out, err, options)),
                Format::People if can_move_its_cursor() && !options.is_still => {
                    Box::new(Live::new(out, err, options))
                }
                Format::People => Box::new(Lines::new(out, err, options)),
            },
        )
    }

    /// Shows nothing, for programs that use the rooms without a person watching.
    pub fn silent() -> Self {
        let nowhere = || Sink::new(Box::new(io::sink()), false);
        let options = Options::default();
        let lines = Box::new(Lines::new(nowhere(), nowhere(), options));
        Self::with(Recorder::new(false), lines)
    }

    fn with(recorder: Recorder, renderer: Box<dyn Renderer>) -> Self {
        let (sender, receiver) = mpsc::channel();
        let thread = thread::spawn(move || show(&receiver, recorder, renderer));
        Self {
            ui: Ui { sender },
            thread: Some(thread),
        }
    }

    /// A handle for whoever has something to say.
    pub fn ui(&self) -> Ui {
        self.ui.clone()
    }

    /// Ends the show once everything that was sent before is written; tells whether standard output
    /// took all that was for it.
    ///
    /// Dropping the screen does the same.
    pub fn close(mut self) -> bool {
        self.end()
    }

    fn end(&mut self) -> bool {
        let _ = self.ui.sender.send(Message::Close);
        self.thread
            .take()
            .is_none_or(|thread| thread.join().unwrap_or(false))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.end();
    }
}

fn show(
    receiver: &Receiver<Message>,
    mut recorder: Recorder,
    mut renderer: Box<dyn Renderer>,
) -> bool {
    let mut ticked = Instant::now();
    loop {
        // The display moves even while events come without a pause.
        if ticked.elapsed() >= TICK {
            renderer.tick();
            ticked = Instant::now();
        }
        match receiver.recv_timeout(TICK) {
            Ok(Message::Event(event)) => {
                recorder.event(&event);
                renderer.event(&event);
            }
            Ok(Message::Record(file)) => recorder.begin(file),
            Ok(Message::Data(text)) => renderer.data(&text),
            Ok(Message::Talk(text)) => renderer.talk(&text),
            Ok(Message::Question(text, shown, until)) => {
                renderer.question(&text);
                let _ = shown.send(());
                // Nothing is ever sent: this ends when the other side goes.
                let _ = until.recv();
            }
            Err(RecvTimeoutError::Timeout) => {}
            Ok(Message::Close) | Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    renderer.close()
}

/// Reads the answer to a question; the end of the input is a no.
fn read_answer() -> bool {
    let mut answer = String::new();
    let read = io::stdin().read_line(&mut answer);
    let answer = answer.trim().to_lowercase();
    read.is_ok() && matches!(answer.as_str(), "y" | "yes")
}

/// Whether there is a person to be asked.
pub fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Whether standard error is a terminal that can show a display.
fn can_move_its_cursor() -> bool {
    let dumb = env::var_os("TERM").is_none_or(|terminal| terminal == "dumb");
    io::stderr().is_terminal() && !dumb
}

/// The text with a line end.
pub(super) fn ended(text: &str) -> String {
    let end = if text.ends_with('\n') || text.is_empty() {
        ""
    } else {
        "\n"
    };
    format!("{text}{end}")
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::sink::tests::Memory;
    use super::*;

    /// Shows what is sent to a renderer and returns both streams.
    pub(in crate::ui) fn shown(
        renderer: impl FnOnce(Sink, Sink) -> Box<dyn Renderer>,
        events: &[Event],
    ) -> (String, String) {
        let (out, err) = (Memory::default(), Memory::default());
        let screen = Screen::with(Recorder::new(false), renderer(out.sink(), err.sink()));
        for event in events {
            screen.ui().send(event.clone());
        }
        screen.close();
        (out.text(), err.text())
    }

    #[test]
    fn everything_sent_before_the_end_is_written_even_with_handles_left() {
        let out = Memory::default();
        let renderer = Lines::new(out.sink(), Memory::default().sink(), Options::default());
        let screen = Screen::with(Recorder::new(false), Box::new(renderer));
        let left = screen.ui();
        for number in 0..100 {
            left.data(number.to_string());
        }
        screen.close();
        left.data("too late");
        assert_eq!(out.text().lines().count(), 100);
    }
}
