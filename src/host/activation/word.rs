//! What the host says of an activation.

use super::order::{Ended, Order, Reason};

/// The last word of one question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// It goes on.
    More,
    /// The new system runs for a trial; the exit status of `switch-to-configuration`.
    Tested(i32),
    /// It ended.
    Ended(Ended),
    /// The host knows nothing of it.
    Gone,
    /// The process that did it is no more, and left no last word.
    Dead,
}

impl Word {
    /// Reads what stands behind `s `; none if it cannot be read.
    pub(super) fn read(text: &str, order: &Order) -> Option<Self> {
        let mut words = text.split_whitespace();
        Some(match words.next()? {
            "more" => Self::More,
            "gone" => Self::Gone,
            "dead" => Self::Dead,
            "tested" => Self::Tested(words.next()?.parse().ok()?),
            "end" => Self::Ended(end(&mut words, order)?),
            _ => return None,
        })
    }
}

/// Reads a last word as `end` of `activate.sh` writes it.
fn end<'a>(words: &mut impl Iterator<Item = &'a str>, order: &Order) -> Option<Ended> {
    let kind = words.next()?;
    if kind == "busy" {
        let who: Vec<&str> = words.collect();
        return Some(Ended::Busy(who.join(" ")));
    }
    let status: i32 = words.next()?.parse().ok()?;
    Some(match kind {
        "done" => Ended::Done(status.into()),
        "failed" => Ended::Failed(reason(words.next()?, status, order)?),
        "rolled-back" => Ended::WentBack {
            reason: reason(words.next()?, status, order)?,
            status: words.next()?.parse::<i32>().ok()?.into(),
        },
        _ => return None,
    })
}

fn reason(word: &str, status: i32, order: &Order) -> Option<Reason> {
    Some(match word {
        "status" => Reason::Status(status),
        "units" => Reason::Units,
        "limit" => Reason::Limit(order.rollback.activation_timeout),
        "lease" => Reason::Lease(order.rollback.timeout),
        "refuse" => Reason::Refused,
        "interrupt" => Reason::Interrupted,
        "profile" => Reason::Profile,
        "boot" => Reason::Boot,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::ActivationStatus;
    use super::*;
    use crate::{network::RollbackOptions, plan::Goal};

    #[test]
    fn every_word_of_the_host_is_understood() {
        let order = Order {
            system: "/nix/store/new".into(),
            generation: None,
            goal: Goal::Switch,
            rollback: RollbackOptions::default(),
            holder: String::new(),
        };
        let read = |text| Word::read(text, &order);
        assert_eq!(read("tested 4"), Some(Word::Tested(4)));
        let ended = |text| match read(text) {
            Some(Word::Ended(ended)) => ended,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            ended("end done 100"),
            Ended::Done(ActivationStatus::RebootNeeded)
        );
        assert_eq!(
            ended("end failed 0 profile"),
            Ended::Failed(Reason::Profile)
        );
        assert_eq!(
            ended("end rolled-back 1 status 0"),
            Ended::WentBack {
                reason: Reason::Status(1),
                status: ActivationStatus::Done
            }
        );
        assert_eq!(
            ended("end busy ada@laptop since noon"),
            Ended::Busy("ada@laptop since noon".to_owned())
        );
        for broken in ["", "end", "end done", "end rolled-back 1 why 0", "tested"] {
            assert_eq!(read(broken), None, "{broken}");
        }
    }
}
