//! The bridge: the only code that asks Nix to evaluate.
//!
//! A network is evaluated in one pass in which nothing is retained: each machine is a function of
//! `lib/bridge.nix` that gives one JSON text, workers call these functions one after the other,
//! and what a machine needed is garbage when the next one begins. Keeping all machines in one
//! attribute set instead costs several times the time and memory.
//!
//! Names come first, from attribute names alone. An error in one machine or resource ends the Nix
//! process that met it, but not the evaluation: another process goes on with the rest.
//!
//! What was evaluated before and is still so is not evaluated again (`cache/`), and of a flake that is edited not
//! what cannot see the edit (`place.rs`).
//!
//! Outputs of resources come in as data ([`Known`]), and who reads which is told ([`Reads`]).

mod attribute;
mod behind;
mod cache;
mod capacity;
mod diagnostic;
mod error;
mod facts;
mod fleet;
mod heap;
mod herald;
mod known;
mod leak;
mod library;
mod locate;
mod place;
mod pool;
mod program;
mod progress;
mod question;
mod queue;
mod reads;
mod recall;
mod record;
mod recorder;
mod reminder;
mod resource;
mod resources;
mod strace;
mod subject;
mod text;
mod translate;
mod usage;
mod worker;

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::ControlFlow,
    process::Command,
    sync::{
        Arc, Mutex, OnceLock,
        mpsc::{self, Receiver},
    },
    thread,
};

use nix_compat::log::Message;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use cache::{
    Cache, Error as CacheError, Figures as CacheFigures, LIMIT as CACHE_LIMIT,
    clear as clear_cache, figures as cache_figures, file as cache_file,
};
pub use capacity::Limits;
pub use diagnostic::{Diagnostic, Position};
pub use error::Error;
pub use fleet::Depth;
pub use known::{Known, Output, OutputRef, Token, substitute, tokens};
pub use locate::Whereabouts;
pub use program::{Argument, Request, Samples, deployer_system};
use program::{Given, ProgramText};
pub use question::Found;
pub use reads::Reads;
pub use record::Evaluated;
pub use resource::{EvaluatedResource, FailedResource};

use crate::{
    flake::Source,
    network::Names,
    nix::{Nix, Program},
    process::Processes,
    state::Key,
};

use library::Library;
use text::AttributePath;
pub use text::PluginFacts;
use worker::Heard;

/// How Nix is asked.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Limits of the workers.
    pub limits: Limits,
    /// Directories for `<…>` in classic networks, as `-I PATH`.
    pub search_path: Vec<String>,
    /// Whether diagnostics keep Nix's trace, which is long.
    pub show_trace: bool,
    /// Where results are kept, if they are.
    pub cache: Option<Arc<Cache>>,
}

/// Evaluates one network.
#[derive(Debug)]
pub struct Evaluator {
    nix: Nix,
    processes: Processes,
    options: Options,
    request: Request,
    library: Library,
    /// The program without facts.
    program: ProgramText,
    names: OnceLock<Names>,
    /// What has no secret in it.
    clean: leak::Clean,
    /// Machines of whose literal keys has been warned.
    warned: Mutex<BTreeSet<String>>,
    /// What Nix said before it came to a machine; every further process says it again, unheard.
    remarks: OnceLock<Vec<String>>,
    /// What is remembered of this evaluation.
    memory: recall::Memory,
}

/// The network beside its machines.
#[derive(Clone, Debug)]
pub struct Overview {
    /// What plugins say of themselves, in the order in which they are merged.
    pub plugins: Vec<Value>,
    /// Names of machines and resources.
    pub names: Names,
    /// The attribute `network`, without what is no data.
    pub network: BTreeMap<String, Value>,
}

impl Evaluator {
    /// Prepares the evaluation of a network.
    pub fn new(
        nix: Nix,
        processes: Processes,
        request: Request,
        options: Options,
    ) -> Result<Self, Error> {
        let library = Library::unpack()?;
        Ok(Self {
            nix,
            processes,
            options,
            program: request.program(&library, Given::default()),
            request,
            library,
            clean: leak::Clean::default(),
            warned: Mutex::default(),
            names: OnceLock::new(),
            remarks: OnceLock::new(),
            memory: recall::Memory::default(),
        })
    }

    /// Prepares the same of another state of the source.
    pub fn of_source(&self, source: Source) -> Result<Self, Error> {
        let request = Request {
            source,
            ..self.request.clone()
        };
        let (nix, processes) = (self.nix.clone(), self.processes.clone());
        Self::new(nix, processes, request, self.options.clone())
    }

    /// Tells what Nix said while it evaluated the overview: warnings, and traces of the user.
    pub fn tell_remarks(&self, tell: impl Fn(String)) {
        for text in self.remarks.get().into_iter().flatten() {
            tell(text.strip_prefix("warning: ").unwrap_or(text).to_owned());
        }
    }

    /// Arguments of the network.
    pub fn arguments(&self) -> &BTreeMap<String, Argument> {
        &self.request.arguments
    }

    /// Where the network is defined.
    pub fn source(&self) -> &Source {
        &self.request.source
    }

    /// Evaluates plugins, names and the attribute `network`, but no machine.
    pub fn overview(&self) -> Result<Overview, Error> {
        let (texts, remarks) = match self.recall_overview() {
            Some(remembered) => remembered,
            None => self.evaluate_overview()?,
        };
        self.remarks.get_or_init(|| remarks);
        let [plugins, names, network] = <[String; 3]>::try_from(texts)
            .map_err(|texts| Error::unexpected(&format!("{} texts instead of 3", texts.len())))?;
        let names: Names = parse(&names)?;
        Ok(Overview {
            plugins: parse(&plugins)?,
            names: self.names.get_or_init(|| names).clone(),
            network: parse(&network)?,
        })
    }

    /// The texts of the overview, and what Nix said meanwhile.
    fn evaluate_overview(&self) -> Result<(Vec<String>, Vec<String>), Error> {
        let paths = [
            AttributePath::plugins(),
            AttributePath::names(),
            AttributePath::network(),
        ];
        let mut remarks = Vec::new();
        let texts = self.texts("evaluate the network", &self.program, &paths, |text| {
            remarks.push(text);
        })?;
        self.keep_overview(&texts, &remarks);
        Ok((texts, remarks))
    }

    /// The names of all machines.
    fn machine_names(&self) -> Result<Vec<String>, Error> {
        match self.names.get() {
            Some(names) => Ok(names.machines.clone()),
            None => Ok(self.overview()?.names.machines),
        }
    }

    fn program_with(&self, given: Given<'_>) -> ProgramText {
        self.request.program(&self.library, given)
    }

    /// Says that something needs an output that is not known yet.
    fn awaits(&self, output: &OutputRef) -> String {
        let OutputRef { key, attribute } = output;
        let names = self.names.get();
        let is_machine = names.is_some_and(|names| {
            let of_type = names.resources.get(&key.kind);
            let is_resource = of_type.is_some_and(|names| names.contains(&key.name));
            !is_resource && names.machines.contains(&key.name)
        });
        if is_machine {
            let name = &key.name;
            format!("needs `{attribute}` of the machine {name}, which is known after apply")
        } else {
            format!("needs `{output}`, which is known after apply")
        }
    }

    /// Evaluates resources with what is known of outputs, and gives what became of each, in their order.
    ///
    /// One that fails stops no other.
    pub fn resources(
        &self,
        keys: &[Key],
        known: &Known,
    ) -> Result<Vec<Result<EvaluatedResource, FailedResource>>, Error> {
        resources::evaluate(self, keys, known)
    }

    /// Evaluates what there is to say of the options of a plugin that is looked at by itself.
    pub fn plugin_facts(&self) -> Result<PluginFacts, Error> {
        self.check(AttributePath::check("facts"), &Samples::default())
    }

    /// Renders the options of such a plugin as Markdown.
    pub fn plugin_docs(&self) -> Result<String, Error> {
        self.check(AttributePath::check("docs"), &Samples::default())
    }

    /// Evaluates the provider of such a plugin, for the sake of what it throws.
    pub fn plugin_provider(&self) -> Result<(), Error> {
        let provider: Result<Value, Error> =
            self.check(AttributePath::check("provider"), &Samples::default());
        provider.map(drop)
    }

    /// Tells by type what the options of such a plugin make of some values: nothing where they refuse
    /// one.
    pub fn plugin_agreement(
        &self,
        samples: &Samples,
    ) -> Result<BTreeMap<String, Vec<Option<Value>>>, Error> {
        self.check(AttributePath::check("agreement"), samples)
    }

    /// The same without the exporters of the plugin, which may look at what only a whole machine has.
    pub fn plugin_options_agreement(
        &self,
        samples: &Samples,
    ) -> Result<BTreeMap<String, Vec<Option<Value>>>, Error> {
        self.check(AttributePath::check("optionsAgreement"), samples)
    }

    fn check<T: DeserializeOwned>(
        &self,
        path: AttributePath,
        samples: &Samples,
    ) -> Result<T, Error> {
        let program = self.program_with(Given {
            samples: Some(samples),
            ..Given::default()
        });
        let texts = self.texts("evaluate the plugin", &program, &[path], drop)?;
        let text = texts.first().map_or("", String::as_str);
        let [value] = parse::<[T; 1]>(text)?;
        Ok(value)
    }

    /// Evaluates machines as deep as is said, while `hear` gets what is found in this thread; what it
    /// makes of that is the result.
    ///
    /// A machine that needs an output which is not known yet fails, and so does one into whose system a
    /// secret comes; where only options are evaluated, a token stands in place of such an output. News
    /// end when the last machine is done, when the run is interrupted, or with an error, which is given
    /// after `hear` is done.
    pub fn machines<T>(
        &self,
        depth: Depth,
        names: &[String],
        known: &Known,
        hear: impl FnOnce(&Receiver<Evaluated>) -> T,
    ) -> Result<T, Error> {
        let (sender, news) = mpsc::channel();
        thread::scope(|scope| {
            let evaluation =
                scope.spawn(move || fleet::evaluate(self, depth, names, known, &sender));
            let heard = hear(&news);
            match evaluation.join() {
                Ok(ended) => ended.map(|()| heard),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })
    }

    /// Evaluates a few attributes in one process, all or nothing.
    fn texts(
        &self,
        label: &str,
        program: &ProgramText,
        paths: &[AttributePath],
        mut remark: impl FnMut(String),
    ) -> Result<Vec<String>, Error> {
        let mut texts = Vec::new();
        let mut error = None;
        let ended = worker::run(
            &self.processes,
            &mut self.command(paths),
            label,
            program.as_str(),
            drop,
            |heard| {
                match heard {
                    Heard::Text(text) => texts.push(text),
                    Heard::Error(message) => error = Some(message),
                    Heard::Remark(text) => remark(text),
                    Heard::Begin(_)
                    | Heard::Target(_)
                    | Heard::Keys(_)
                    | Heard::Read(_)
                    | Heard::Output(_)
                    | Heard::Look(_)
                    | Heard::Identity(_)
                    | Heard::Done(_) => {}
                }
                ControlFlow::Continue(())
            },
        )?;
        match error {
            Some(error) => Err(Error::Network(Box::new(
                self.diagnose(program, &error, None),
            ))),
            None if ended.status.success() => Ok(texts),
            None => Err(Error::Network(Box::new(translate::death(
                &ended.stray,
                &ended.status.to_string(),
            )))),
        }
    }

    /// Puts an error into the user's words; `machine` is where the machine that failed is defined.
    fn diagnose(
        &self,
        program: &ProgramText,
        error: &Message,
        machine: Option<&Position>,
    ) -> Diagnostic {
        let diagnostic = translate::diagnostic(self.source(), error, machine);
        let diagnostic = match translate::awaited(error) {
            Some(output) => Diagnostic {
                message: self.awaits(&output),
                hint: None,
                ..diagnostic
            },
            None => program.explain(error, diagnostic),
        };
        if self.options.show_trace {
            diagnostic
        } else {
            Diagnostic {
                trace: Vec::new(),
                ..diagnostic
            }
        }
    }

    /// The command that evaluates attributes of the program, which it reads from standard input.
    fn command(&self, paths: &[AttributePath]) -> Command {
        let mut command = self.nix.command(Program::Instantiate);
        command.args(["--eval", "--strict", "--json", "--read-write-mode"]);
        command.args(["--log-format", "internal-json", "--show-trace"]);
        if self.request.is_pure() {
            command.args(["--option", "pure-eval", "true"]);
        }
        for path in &self.options.search_path {
            command.args(["-I", path]);
        }
        // Functions are called only where there is something that they could be called with.
        command.args(["--arg", "_", "null"]);
        for path in paths {
            command.args(["-A", path.as_str()]);
        }
        command.arg("-");
        command
    }
}

fn parse<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|error| Error::unexpected(&error.to_string()))
}
