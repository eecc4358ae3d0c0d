//! The provider of the plugin: notes on a board, which is a directory of the deployer.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
};

use nixops_plugin::{
    Context, Failed, JsonSchema, Made, Provider, Resource, ResourceRef, ResourceState, State,
};
use serde::{Deserialize, Serialize};

/// A note on the board.
#[derive(Deserialize, JsonSchema)]
struct Options {
    /// What it says.
    text: String,
    /// Who wrote it.
    author: Option<String>,
    /// The column that it hangs in.
    #[serde(default = "first_column")]
    #[schemars(extend("x-nixops-replace" = true))]
    column: String,
}

fn first_column() -> String {
    "inbox".to_owned()
}

/// What is known of a note that hangs.
#[derive(Serialize, JsonSchema)]
struct Outputs {
    /// The file that it is.
    file: PathBuf,
    /// How many letters it has.
    letters: usize,
}

/// The board.
struct Notes {
    board: PathBuf,
}

impl Notes {
    /// The board is `$NOTEBOARD`, or one in the user's home.
    fn new() -> Self {
        let home = || PathBuf::from(env::var_os("HOME").unwrap_or_default()).join(".noteboard");
        Self {
            board: env::var_os("NOTEBOARD").map_or_else(home, PathBuf::from),
        }
    }

    /// Hangs a note. A file that is half written is never seen.
    fn hang(&self, id: &str, options: &Options) -> io::Result<Outputs> {
        let file = self.board.join(id);
        fs::create_dir_all(file.parent().unwrap_or(&self.board))?;
        let author = options.author.as_deref().unwrap_or("somebody");
        let new = file.with_extension("new");
        fs::write(&new, format!("{}\n\t{author}\n", options.text))?;
        fs::rename(new, &file)?;
        outputs(file)
    }

    /// The columns, and in them the notes, whose names are the tokens that they were made with.
    fn search(&self, token: &str) -> io::Result<Option<String>> {
        let columns = match fs::read_dir(&self.board) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            columns => columns?,
        };
        for column in columns {
            let column = column?.file_name();
            let id = Path::new(&column).join(token);
            if self.board.join(&id).is_file() {
                return Ok(Some(id.to_string_lossy().into_owned()));
            }
        }
        Ok(None)
    }
}

fn outputs(file: PathBuf) -> io::Result<Outputs> {
    let letters = fs::read_to_string(&file)?.chars().count();
    Ok(Outputs { file, letters })
}

impl Resource for Notes {
    const TYPE: &'static str = "notes";
    type Options = Options;
    type Outputs = Outputs;

    fn create(
        &self,
        context: &Context,
        resource: &ResourceRef,
        options: Options,
        token: &str,
    ) -> Result<Made<Outputs>, Failed> {
        context.info(format!("hanging the note {}", resource.name));
        // A second call with the same token hangs the same note again.
        let id = format!("{}/{token}", options.column);
        let outputs = self.hang(&id, &options)?;
        Ok(Made::new(id, outputs))
    }

    fn find(&self, _: &Context, token: &str) -> Result<Option<Made<Outputs>>, Failed> {
        let Some(id) = self.search(token)? else {
            return Ok(None);
        };
        let outputs = outputs(self.board.join(&id))?;
        Ok(Some(Made::new(id, outputs)))
    }

    fn read(
        &self,
        _: &Context,
        prior: &ResourceState,
    ) -> Result<Option<State<Outputs>>, Failed> {
        match outputs(self.board.join(&prior.id)) {
            Ok(outputs) => Ok(Some(State::new(outputs))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn update(
        &self,
        _: &Context,
        _: &ResourceRef,
        prior: &ResourceState,
        options: Options,
    ) -> Result<State<Outputs>, Failed> {
        Ok(State::new(self.hang(&prior.id, &options)?))
    }

    fn delete(&self, _: &Context, _: &ResourceRef, prior: &ResourceState) -> Result<(), Failed> {
        match fs::remove_file(self.board.join(&prior.id)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }
}

fn main() -> ExitCode {
    Provider::new("noteboard", env!("CARGO_PKG_VERSION"))
        .with(Notes::new())
        .main()
}
