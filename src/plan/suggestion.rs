//! What a user may have meant by a word that means nothing.

/// Finds the word that is nearest to the one that was typed, if one is near enough.
pub(crate) fn nearest<'a>(typed: &str, words: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // A third of the letters may be wrong: more is another word.
    let limit = (typed.chars().count() / 3).max(1);
    words
        .map(|word| (distance(typed, word), word))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, word)| word)
}

/// Counts the letters to insert, delete, replace or swap with their neighbour that make one word
/// of the other (Damerau and Levenshtein, in its optimal string alignment).
fn distance(from: &str, to: &str) -> usize {
    let from: Vec<char> = from.chars().collect();
    let to: Vec<char> = to.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for row in 1..=from.len() {
        let mut now = vec![row];
        for column in 1..=to.len() {
            let same = from[row - 1] == to[column - 1];
            let replaced = last[column - 1] + usize::from(!same);
            let mut best = replaced.min(last[column] + 1).min(now[column - 1] + 1);
            let crossed = row > 1
                && column > 1
                && from[row - 1] == to[column - 2]
                && from[row - 2] == to[column - 1];
            if crossed {
                best = best.min(before[column - 2] + 1);
            }
            now.push(best);
        }
        before = std::mem::replace(&mut last, now);
    }
    last[to.len()]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_slip_is_understood_and_another_word_is_not() {
        let words = ["database", "web", "mail"];
        assert_eq!(nearest("databsae", words.into_iter()), Some("database"));
        assert_eq!(nearest("wbe", words.into_iter()), Some("web"));
        assert_eq!(nearest("proxy", words.into_iter()), None);
    }

    proptest! {
        #[test]
        fn distance_is_symmetric_and_zero_for_equals_only(a in "[abc]{0,8}", b in "[abc]{0,8}") {
            prop_assert_eq!(distance(&a, &b), distance(&b, &a));
            prop_assert_eq!(distance(&a, &b) == 0, a == b);
        }
    }
}
