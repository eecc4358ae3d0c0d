//! Times and sizes as people read them.

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

/// Writes how long ago something was, in seconds: `just now`, `5 min`, `3 h`, `12 d`, `2 y`.
pub(super) fn age(seconds: i64) -> String {
    match seconds {
        ..60 => "just now".to_owned(),
        60..3600 => format!("{} min", seconds / 60),
        3600..172_800 => format!("{} h", seconds / 3600),
        172_800..63_072_000 => format!("{} d", seconds / 86_400),
        _ => format!("{} y", seconds / 31_536_000),
    }
}

/// Writes a size: `512 B`, `3.1 MB`, `40 GB`.
pub fn bytes(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    let Some((size, unit)) = UNITS.iter().find(|(size, _)| bytes >= *size) else {
        return format!("{bytes} B");
    };
    let tenths = bytes / (size / 10);
    if tenths < 100 {
        return format!("{}.{} {unit}", tenths / 10, tenths % 10);
    }
    format!("{} {unit}", tenths / 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_two_digits_or_more() {
        let written = [0, 999, 1_000, 9_999, 3_140_000, 40_500_000_000].map(bytes);
        assert_eq!(
            written,
            ["0 B", "999 B", "1.0 kB", "9.9 kB", "3.1 MB", "40 GB"]
        );
    }

    #[test]
    fn an_age_has_one_unit() {
        let written = [-5, 59, 60, 3599, 7200, 172_799, 172_800, 70_000_000].map(age);
        let expected = [
            "just now", "just now", "1 min", "59 min", "2 h", "47 h", "2 d", "2 y",
        ];
        assert_eq!(written, expected);
    }

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
