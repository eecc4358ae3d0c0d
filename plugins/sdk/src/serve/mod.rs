//! The loop that answers requests.
//!
//! The calling thread reads. What is about a type goes to a bounded pool of threads; what is not is
//! answered at once. All write to one [`Output`].

mod answer;
mod error;
mod lines;
mod output;
mod pool;
mod session;
mod streams;

pub use error::Error;
pub(crate) use output::Output;
pub(crate) use session::run;
pub(crate) use streams::take_standard_streams;
