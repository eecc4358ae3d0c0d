//! Books, which are directories.

use std::fs;
use std::io;
use std::path::PathBuf;

use nixops_plugin::{
    Context, Failed, JsonSchema, Made, Resource, ResourceRef, ResourceState, State,
};
use serde::{Deserialize, Serialize};

use crate::if_there;

/// The type.
pub struct Books {
    /// Where the books stand.
    pub desk: PathBuf,
}

/// A book for notes.
#[derive(Deserialize, JsonSchema)]
#[schemars(extend("x-nixops-replace" = true))]
pub struct Book {
    /// Title, which is the name of its directory.
    title: String,
}

#[derive(Serialize, JsonSchema)]
pub struct BookOutputs {
    /// How many notes it has.
    notes: usize,
}

impl Books {
    fn count(&self, title: &str) -> io::Result<BookOutputs> {
        let notes = fs::read_dir(self.desk.join(title))?.count();
        Ok(BookOutputs { notes })
    }
}

impl Resource for Books {
    const TYPE: &'static str = "book";
    type Options = Book;
    type Outputs = BookOutputs;

    fn create(
        &self,
        _: &Context,
        _: &ResourceRef,
        options: Book,
        _token: &str,
    ) -> Result<Made<BookOutputs>, Failed> {
        fs::create_dir_all(self.desk.join(&options.title))?;
        let outputs = self.count(&options.title)?;
        Ok(Made::new(options.title, outputs))
    }

    // A book that was made twice is the same book, so there is none to be found.
    fn find(&self, _: &Context, _token: &str) -> Result<Option<Made<BookOutputs>>, Failed> {
        Ok(None)
    }

    fn read(
        &self,
        _: &Context,
        prior: &ResourceState,
    ) -> Result<Option<State<BookOutputs>>, Failed> {
        Ok(if_there(self.count(&prior.id))?.map(State::new))
    }

    fn delete(&self, _: &Context, _: &ResourceRef, prior: &ResourceState) -> Result<(), Failed> {
        if_there(fs::remove_dir(self.desk.join(&prior.id)))
            .map_err(|error| Failed::new("the book cannot be thrown away").because(error))?;
        Ok(())
    }
}
