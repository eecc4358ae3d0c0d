//! A host goes back to a system that it has.

use crate::host::{Begun, Connections, Host, Order};
use crate::plan::Outcome;

use super::Mutation;
use super::site::told;
use super::trouble::Trouble;
use super::work::Activation;

/// Makes a host run a system that is in its store, on trial first and confirmed over a new connection, as a
/// deploy does.
pub fn take_up(
    _: &Mutation,
    connections: &Connections,
    host: &Host,
    order: Order,
    line: &mut dyn FnMut(&str),
) -> Result<Outcome, Trouble> {
    let end = match Begun::begin(connections, host, order, line)? {
        Begun::Ended(end) => end,
        Begun::Trial(trial) => trial.confirm(line)?,
    };
    Ok(match told(end)?.activation {
        Activation::Done => Outcome::Activated,
        Activation::UnitsFailed(units) => Outcome::UnitsFailed { units },
        Activation::RebootRequired => Outcome::RebootRequired,
        Activation::RolledBack(diagnostic) => Outcome::RolledBack { diagnostic },
        Activation::Interrupted { went_back } => Outcome::broken_off(went_back),
    })
}
