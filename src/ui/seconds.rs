//! Times as people read them.

/// Writes a time: `0.4 s`, `12 s`, `3 min 05 s`, `2 h 10 min`.
pub(super) fn seconds(seconds: f64) -> String {
    if seconds < 9.95 {
        return format!("{seconds:.1} s");
    }
    // A float that is too large or no number saturates, which is as good as any answer.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let whole = seconds.round() as u64;
    match whole {
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_as_exact_as_they_are_short() {
        let written = [0.04, 9.94, 9.96, 59.4, 59.6, 3599.0, 7800.0].map(seconds);
        let expected = [
            "0.0 s",
            "9.9 s",
            "10 s",
            "59 s",
            "1 min 00 s",
            "59 min 59 s",
            "2 h 10 min",
        ];
        assert_eq!(written, expected);
    }
}
