//! A provider whose author did everything wrong, for the tests: what the crate must withstand.

use std::io::Read;
use std::process::{Command, ExitCode};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;
use std::{io, thread};

use nixops_plugin::{
    Attributes, Context, Failed, JsonSchema, Made, Provider, Resource, ResourceRef, ResourceState,
    State,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

fn main() -> ExitCode {
    println_before();
    let unruly = Unruly {
        met: Mutex::new(0),
        came: Condvar::new(),
    };
    Provider::new("unruly", "0")
        .threads(4)
        .grace(Duration::from_millis(500))
        .patience(Duration::from_secs(3))
        .with(unruly)
        .main()
}

/// What is left in the buffer of standard output when the provider begins.
#[expect(clippy::print_stdout, reason = "it is what is tested")]
fn println_before() {
    print!("printed before");
}

struct Unruly {
    met: Mutex<usize>,
    came: Condvar,
}

#[derive(Deserialize, JsonSchema)]
struct Options {}

/// Not an object, as outputs have to be.
#[derive(Serialize, JsonSchema)]
struct Outputs(u8);

impl Unruly {
    /// Ends when as many requests are here at the same time.
    fn meet(&self, number: usize) -> usize {
        let mut met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        *met += 1;
        self.came.notify_all();
        let met = self.came.wait_while(met, |met| *met < number);
        *met.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Resource for Unruly {
    const TYPE: &'static str = "unruly";
    const ACTIONS: &'static [&'static str] = &[
        "print", "child", "input", "panic", "wait", "sleep", "meet", "huge", "mark",
    ];
    type Options = Options;
    type Outputs = Outputs;

    fn create(
        &self,
        _: &Context,
        _: &ResourceRef,
        _: Options,
        token: &str,
    ) -> Result<Made<Outputs>, Failed> {
        Ok(Made::new(token, Outputs(1)))
    }

    fn find(&self, _: &Context, _: &str) -> Result<Option<Made<Outputs>>, Failed> {
        let inner = io::Error::new(io::ErrorKind::ConnectionReset, "the line is dead");
        Err(inner)?
    }

    fn read(&self, _: &Context, _: &ResourceState) -> Result<Option<State<Outputs>>, Failed> {
        Ok(None)
    }

    fn read_many(
        &self,
        _: &Context,
        _: &[ResourceState],
    ) -> Result<Vec<Option<State<Outputs>>>, Failed> {
        Ok(Vec::new())
    }

    fn delete(&self, _: &Context, _: &ResourceRef, _: &ResourceState) -> Result<(), Failed> {
        Err(Failed::unauthorized("no").hint("ask nicely"))
    }

    #[expect(clippy::print_stdout, reason = "it is what is tested")]
    fn action(
        &self,
        context: &Context,
        _: &ResourceRef,
        _: &ResourceState,
        action: &str,
        arguments: &Attributes,
    ) -> Result<Value, Failed> {
        let number = arguments.get("number").and_then(Value::as_u64).unwrap_or(0);
        match action {
            "print" => println!("{{\"printed\": true}}"),
            "child" => {
                Command::new("sh")
                    .args(["-c", "echo from a child; cat"])
                    .status()?;
            }
            "input" => return Ok(json!(io::stdin().read_to_end(&mut Vec::new())?)),
            "panic" => panic!("the pen broke at {number}"),
            "sleep" => thread::sleep(Duration::from_millis(number)),
            "wait" => {
                context.progress("waiting", None, None);
                while !context.cancelled() {
                    thread::sleep(Duration::from_millis(1));
                }
                return Err(Failed::cancelled());
            }
            "meet" => return Ok(json!(self.meet(usize::try_from(number)?))),
            "mark" => {
                thread::sleep(Duration::from_millis(number));
                let file = arguments.get("file").and_then(Value::as_str);
                std::fs::write(file.unwrap_or("mark"), "")?;
            }
            "huge" => return Ok(json!("x".repeat(usize::try_from(number)?))),
            _ => {}
        }
        Ok(Value::Null)
    }
}
