//! Notes, which are files. A note's file is named by the token with which it was made, so that it
//! carries the token from the moment at which it is there.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use nixops_plugin::{
    Attributes, Context, Dependency, Diagnostic, Failed, JsonSchema, Made, Resource, ResourceRef,
    ResourceState, State,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::if_there;

/// The type.
pub struct Notes {
    /// Where the books stand.
    pub desk: PathBuf,
}

/// A note in a book.
#[derive(Deserialize, Serialize, JsonSchema)]
pub struct Note {
    /// Title of the book.
    #[schemars(extend("x-nixops-replace" = true))]
    book: String,
    /// What it says.
    text: String,
    /// What it is about.
    #[serde(default)]
    tags: Vec<String>,
    /// What opens the lock of a note that nobody else is to read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-nixops-sensitive" = true))]
    lock: Option<String>,
    /// Whatever else the network says of it.
    #[serde(flatten)]
    more: BTreeMap<String, Value>,
}

#[derive(Serialize, JsonSchema)]
pub struct NoteOutputs {
    /// Where its file is.
    path: PathBuf,
    /// How many words it has.
    words: usize,
}

impl Notes {
    /// Writes the file of a note in one step.
    fn write(&self, id: &str, note: &Note) -> Result<(), Failed> {
        let path = self.desk.join(id);
        let draft = path.with_extension("draft");
        let mut file = File::create(&draft).map_err(|error| {
            Failed::new(format!("while opening the book `{}`", note.book)).because(error)
        })?;
        serde_json::to_writer_pretty(&mut file, note)?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        Ok(fs::rename(draft, path)?)
    }

    fn look(&self, id: &str) -> Result<Option<(Note, State<NoteOutputs>)>, Failed> {
        let path = self.desk.join(id);
        let Some(text) = if_there(fs::read(&path))? else {
            return Ok(None);
        };
        let note: Note = serde_json::from_slice(&text)?;
        let words = note.text.split_whitespace().count();
        Ok(Some((note, State::new(NoteOutputs { path, words }))))
    }

    fn there(&self, id: &str) -> Result<(Note, State<NoteOutputs>), Failed> {
        self.look(id)?
            .ok_or_else(|| Failed::not_found(format!("there is no note `{id}`")))
    }
}

impl Resource for Notes {
    const TYPE: &'static str = "note";
    const VERSION: u32 = 1;
    const ACTIONS: &'static [&'static str] = &["read-aloud"];
    type Options = Note;
    type Outputs = NoteOutputs;

    fn validate(&self, _: &Context, _: &ResourceRef, note: &Note) -> Vec<Diagnostic> {
        let empty = note.tags.iter().position(String::is_empty);
        let empty = empty
            .map(|at| Diagnostic::error(["tags".to_owned(), at.to_string()], "a tag is empty"));
        let silent = note.text.is_empty().then(|| {
            Diagnostic::warning(["text"], "the note says nothing").hint("write something")
        });
        empty.into_iter().chain(silent).collect()
    }

    fn after(&self, note: &Note) -> Vec<Dependency> {
        vec![Dependency::on("book", &note.book)]
    }

    fn create(
        &self,
        context: &Context,
        _: &ResourceRef,
        note: Note,
        token: &str,
    ) -> Result<Made<NoteOutputs>, Failed> {
        context.progress("looking for the pen", 0, 2);
        let id = format!("{}/{}", note.book, file_name(token));
        if self.look(&id)?.is_none() {
            context.progress("writing", 1, 2);
            self.write(&id, &note)?;
        }
        let (_, state) = self.there(&id)?;
        Ok(Made { id, state })
    }

    fn find(&self, _: &Context, token: &str) -> Result<Option<Made<NoteOutputs>>, Failed> {
        let Some(books) = if_there(fs::read_dir(&self.desk))? else {
            return Ok(None);
        };
        for book in books {
            let id = Path::new(&book?.file_name()).join(file_name(token));
            let id = id.to_string_lossy().into_owned();
            if let Some((_, state)) = self.look(&id)? {
                return Ok(Some(Made { id, state }));
            }
        }
        Ok(None)
    }

    fn read(
        &self,
        _: &Context,
        prior: &ResourceState,
    ) -> Result<Option<State<NoteOutputs>>, Failed> {
        Ok(self.look(&prior.id)?.map(|(_, state)| state))
    }

    fn update(
        &self,
        _: &Context,
        _: &ResourceRef,
        prior: &ResourceState,
        note: Note,
    ) -> Result<State<NoteOutputs>, Failed> {
        self.there(&prior.id)?;
        self.write(&prior.id, &note)?;
        Ok(self.there(&prior.id)?.1)
    }

    fn delete(&self, _: &Context, _: &ResourceRef, prior: &ResourceState) -> Result<(), Failed> {
        if_there(fs::remove_file(self.desk.join(&prior.id)))?;
        Ok(())
    }

    fn import(
        &self,
        _: &Context,
        _: &ResourceRef,
        id: &str,
    ) -> Result<(Attributes, State<NoteOutputs>), Failed> {
        let (note, state) = self.there(id)?;
        match json!(note) {
            Value::Object(inputs) => Ok((inputs, state)),
            _ => Err(Failed::new("the note is no note")),
        }
    }

    /// Version 0 kept the name of the file alone.
    fn upgrade(
        &self,
        _: &Context,
        _: u32,
        mut state: ResourceState,
    ) -> Result<ResourceState, Failed> {
        let book = state.inputs.get("book").and_then(Value::as_str);
        let book = book.ok_or_else(|| Failed::invalid("nobody knows the book of the note"))?;
        state.id = format!("{book}/{}", state.id);
        Ok(state)
    }

    fn action(
        &self,
        context: &Context,
        resource: &ResourceRef,
        prior: &ResourceState,
        _: &str,
        arguments: &Attributes,
    ) -> Result<Value, Failed> {
        let (note, _) = self.there(&prior.id)?;
        context.info(format!("reading {} aloud", resource.name));
        let loud = arguments.get("loud") == Some(&Value::Bool(true));
        Ok(Value::String(if loud {
            note.text.to_uppercase()
        } else {
            note.text
        }))
    }
}

/// A file name that no other token has.
fn file_name(token: &str) -> String {
    let bytes = token.bytes().map(|byte| format!("{byte:02x}"));
    bytes.collect::<String>() + ".note"
}
