//! Tables for people.

use anstyle::Style;
use comfy_table::{Table, presets::NOTHING};

use super::color::{STRONG, paint};
use super::sanitise::sanitise;

/// A cell, and how it is shown.
pub(super) type Cell = (Style, String);

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

/// The same with cells in styles, which the layout does not count as letters.
pub(super) fn styled_table<const N: usize>(titles: [&str; N], rows: &[[Cell; N]]) -> String {
    let plain: Vec<[String; N]> = rows
        .iter()
        .map(|row| row.clone().map(|(_, text)| text))
        .collect();
    let text = table(titles, &plain);
    let mut lines = text.lines();
    let mut styled = format!("{}\n", paint(STRONG, lines.next().unwrap_or_default()));
    for (line, row) in lines.zip(rows) {
        let mut rest = line;
        for (style, cell) in row {
            // Cells stand in their order, each as it was sanitised.
            let cell = sanitise(cell);
            if let Some((before, after)) = rest.split_once(cell.as_ref())
                && !cell.is_empty()
            {
                styled += before;
                styled += &paint(*style, &cell);
                rest = after;
            }
        }
        styled += rest;
        styled.push('\n');
    }
    styled
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn cells_have_their_styles_and_their_places() {
        use super::super::color::{ERROR, GOOD};
        let cell = |style, text: &str| (style, text.to_owned());
        let rows = [[cell(STRONG, "web"), cell(GOOD, "yes"), cell(ERROR, "no")]];
        let text = styled_table(["machine", "exists", "up"], &rows);
        assert!(text.contains(&paint(GOOD, "yes")) && text.contains(&paint(ERROR, "no")));
        assert_snapshot!(anstream::adapter::strip_str(&text).to_string(), @r"
        machine  exists  up
        web      yes     no
        ");
    }

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
