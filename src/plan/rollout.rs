//! How machines are activated one after another, and when no more are: `--batch` and `--max-fail`.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// How machines are activated one after another, and when no more are.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Rollout {
    /// How many are activated together.
    pub batches: Batches,
    /// How many may fail before no more begin; none if others never stop one.
    pub max_fail: Option<MaxFail>,
    /// Whether all of them take up their systems, or none.
    pub atomic: bool,
}

/// Sizes of batches, such as `1,10%,rest`; the default is one batch of all.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Batches {
    sizes: Vec<Amount>,
    /// Whether the last one takes all that are left, instead of being repeated.
    rest: bool,
}

/// How many machines may fail: a number, or a share of those that are selected.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct MaxFail(Amount);

/// Sizes or limits that make no sense.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum RolloutError {
    /// A word that is no size.
    #[error(
        "'{0}' is no size: a number from 1 on, a share such as 10%, or 'rest', as in 1,10%,rest"
    )]
    Size(String),
    /// Something after what takes all.
    #[error("'rest' takes all that are left, so it can only be the last, as in 1,10%,rest")]
    AfterRest,
    /// A word that is no limit.
    #[error("'{0}' is neither a number of machines, such as 2, nor a share of them, such as 10%")]
    Limit(String),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Amount {
    Machines(usize),
    Percent(usize),
}

/// The word for all that are left.
const REST: &str = "rest";

impl Rollout {
    /// How many of `total` machines may fail before no more begin; none if others never stop one.
    ///
    /// Where there are batches it is none at all unless it is said: what they are for is to go on only
    /// if all went well.
    pub fn may_fail(&self, total: usize) -> Option<usize> {
        let batches = (!self.batches.is_one()).then_some(MaxFail(Amount::Machines(0)));
        let MaxFail(amount) = self.max_fail.or(batches)?;
        Some(match amount {
            Amount::Machines(count) => count,
            Amount::Percent(percent) => total * percent / 100,
        })
    }
}

impl Batches {
    /// How many of `total` machines the batch with this number may have, counted from 0: one at least.
    pub fn size(&self, number: usize, total: usize) -> usize {
        let amount = match self.sizes.get(number) {
            None if self.rest => None,
            None => self.sizes.last(),
            amount => amount,
        };
        let size = match amount {
            None => total,
            Some(Amount::Machines(count)) => *count,
            Some(Amount::Percent(percent)) => (total * percent).div_ceil(100),
        };
        size.max(1)
    }

    /// Whether all machines are one batch.
    pub fn is_one(&self) -> bool {
        self.sizes.is_empty()
    }
}

impl Amount {
    fn parse(text: &str) -> Option<Self> {
        let Some(percent) = text.strip_suffix('%') else {
            return number(text).map(Self::Machines);
        };
        number(percent)
            .filter(|percent| *percent <= 100)
            .map(Self::Percent)
    }

    fn is_some(self) -> bool {
        let (Self::Machines(count) | Self::Percent(count)) = self;
        count > 0
    }
}

/// Reads digits alone; a sign is none.
fn number(text: &str) -> Option<usize> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

impl FromStr for Batches {
    type Err = RolloutError;

    fn from_str(text: &str) -> Result<Self, RolloutError> {
        let mut batches = Self::default();
        for word in text.split(',').map(str::trim) {
            if batches.rest {
                return Err(RolloutError::AfterRest);
            }
            match Amount::parse(word) {
                Some(amount) if amount.is_some() => batches.sizes.push(amount),
                None if word == REST => batches.rest = true,
                _ => return Err(RolloutError::Size(word.to_owned())),
            }
        }
        Ok(batches)
    }
}

impl FromStr for MaxFail {
    type Err = RolloutError;

    fn from_str(text: &str) -> Result<Self, RolloutError> {
        let amount = Amount::parse(text).map(Self);
        amount.ok_or_else(|| RolloutError::Limit(text.to_owned()))
    }
}

impl fmt::Display for Batches {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sizes = self.sizes.iter().map(ToString::to_string);
        let all = self.rest || self.sizes.is_empty();
        let rest = all.then(|| REST.to_owned());
        let words: Vec<String> = sizes.chain(rest).collect();
        formatter.write_str(&words.join(","))
    }
}

impl fmt::Display for MaxFail {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Machines(count) => write!(formatter, "{count}"),
            Self::Percent(percent) => write!(formatter, "{percent}%"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The sizes of the batches that `total` machines are in.
    fn divided(batches: &str, total: usize) -> Vec<usize> {
        let batches: Batches = batches.parse().unwrap();
        let mut left = total;
        let mut sizes = Vec::new();
        while left > 0 {
            let size = batches.size(sizes.len(), total).min(left);
            sizes.push(size);
            left -= size;
        }
        sizes
    }

    fn may_fail(batch: Option<&str>, max_fail: Option<&str>, total: usize) -> Option<usize> {
        let batches = batch.map(|text| text.parse().unwrap());
        let rollout = Rollout {
            batches: batches.unwrap_or_default(),
            max_fail: max_fail.map(|text| text.parse().unwrap()),
            atomic: false,
        };
        rollout.may_fail(total)
    }

    #[test]
    fn machines_are_divided_as_it_is_said() {
        assert_eq!(divided("1,10%,rest", 25), [1, 3, 21]);
        assert_eq!(divided("2", 5), [2, 2, 1]);
        assert_eq!(divided("1, 50%", 8), [1, 4, 3]);
        assert_eq!(divided("1%", 3), [1, 1, 1]);
        assert_eq!(divided("rest", 7), [7]);
        assert_eq!(divided("10", 3), [3]);
        assert_eq!(divided("1,rest", 0), [0; 0]);
    }

    #[test]
    fn what_is_no_size_is_said_with_an_example() {
        let of = |text: &str| text.parse::<Batches>().unwrap_err().to_string();
        for wrong in [
            "", "0", "0%", "101%", "-1", "+1", "1.5", "many", "%", "1,,2",
        ] {
            let error = of(wrong);
            assert!(error.contains("is no size"), "{wrong}: {error}");
            assert!(error.ends_with("1,10%,rest"), "{wrong}: {error}");
        }
        assert!(of("1,rest,2").starts_with("'rest' takes all that are left"));
        assert!(of("99999999999999999999999").contains("is no size"));
    }

    #[test]
    fn a_limit_is_a_number_or_a_share() {
        for (text, total, expected) in [("0", 9, 0), ("2", 9, 2), ("10%", 25, 2), ("10%", 9, 0)] {
            assert_eq!(may_fail(None, Some(text), total), Some(expected), "{text}");
        }
        for wrong in ["", "-1", "rest", "101%", "half"] {
            let error = wrong.parse::<MaxFail>().unwrap_err().to_string();
            assert!(error.ends_with("such as 10%"), "{wrong}: {error}");
        }
    }

    #[test]
    fn batches_go_on_only_if_all_went_well_unless_it_is_said() {
        assert_eq!(may_fail(None, None, 9), None);
        assert_eq!(may_fail(Some("rest"), None, 9), None);
        assert_eq!(may_fail(Some("1,rest"), None, 9), Some(0));
        assert_eq!(may_fail(Some("1,rest"), Some("2"), 9), Some(2));
    }

    fn amount() -> impl Strategy<Value = Amount> {
        prop_oneof![
            (1..1000_usize).prop_map(Amount::Machines),
            (1..=100_usize).prop_map(Amount::Percent),
        ]
    }

    proptest! {
        #[test]
        fn sizes_survive_their_text(
            sizes in proptest::collection::vec(amount(), 1..5),
            rest in any::<bool>(),
        ) {
            let batches = Batches { sizes, rest };
            prop_assert_eq!(batches.to_string().parse::<Batches>(), Ok(batches));
        }

        #[test]
        fn every_machine_is_in_one_batch_and_no_batch_is_empty(
            sizes in proptest::collection::vec(amount(), 0..5),
            rest in any::<bool>(),
            total in 0..500_usize,
        ) {
            let text = Batches { sizes, rest }.to_string();
            let sizes = divided(&text, total);
            prop_assert_eq!(sizes.iter().sum::<usize>(), total);
            prop_assert!(sizes.iter().all(|size| *size > 0));
        }

        #[test]
        fn no_text_makes_it_panic(text in "[0-9%,rest ]{0,12}") {
            let _ = text.parse::<Batches>();
            let _ = text.parse::<MaxFail>();
        }
    }
}
