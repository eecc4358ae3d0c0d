//! Tables for people.

use comfy_table::{Table, presets::NOTHING};

use super::sanitise::sanitise;

/// Writes rows below their titles, without lines between them; ends with a line end.
pub fn table<const N: usize>(titles: [&str; N], rows: &[[String; N]]) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_header(titles);
    for row in rows {
        table.add_row(row.iter().map(|cell| sanitise(cell).into_owned()));
    }
    let lines = table.trim_fmt();
    let lines = lines
        .lines()
        .map(|line| line.strip_prefix(' ').unwrap_or(line));
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn rows_stand_below_their_titles() {
        let rows = [
            ["neatcloud".to_owned(), "1.0".to_owned()],
            ["x".to_owned(), "-".to_owned()],
        ];
        assert_snapshot!(table(["name", "version"], &rows), @r"
        name       version
        neatcloud  1.0
        x          -
        ");
    }
}
