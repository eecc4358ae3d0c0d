//! What was measured, as Markdown.

use std::io::{self, Write as _};

use comfy_table::{CellAlignment, Table, presets::ASCII_MARKDOWN};

use crate::measure::Run;

/// Figures, ratios of them, and what is not as it should be.
#[derive(Debug)]
pub struct Report {
    facts: Vec<String>,
    rows: Vec<[String; 6]>,
    ratios: Vec<[String; 2]>,
    defects: Vec<String>,
}

impl Report {
    /// A report with nothing but facts of the computer.
    pub fn new(facts: Vec<String>) -> Self {
        Self {
            facts,
            rows: Vec::new(),
            ratios: Vec::new(),
            defects: Vec::new(),
        }
    }

    /// Adds a figure that is no run.
    pub fn figure(&mut self, what: impl Into<String>, value: String) {
        self.row([
            what.into(),
            String::new(),
            String::new(),
            String::new(),
            String::new(),
            value,
        ]);
    }

    /// Adds a run of NixOps, whose own processor time is told apart from that of its programs.
    pub fn nixops(&mut self, what: impl Into<String>, machines: usize, run: &Run, note: String) {
        let processor = format!("{:.2} + {:.1}", run.processor.own, run.processor.programs);
        self.run(what.into(), machines, run, &processor, note);
    }

    /// Adds a run of something else.
    pub fn other(&mut self, what: impl Into<String>, machines: usize, run: &Run, note: String) {
        let processor = format!("{:.1}", run.processor.total());
        self.run(what.into(), machines, run, &processor, note);
    }

    /// Adds a ratio.
    pub fn ratio(&mut self, what: impl Into<String>, of: f64, to: f64) {
        self.ratios.push([what.into(), format!("{:.2}", of / to)]);
    }

    /// Says that something is wrong unless it is so.
    pub fn expect(&mut self, so: bool, what: impl Into<String>) {
        if !so {
            self.defects.push(what.into());
        }
    }

    /// Whether all that was expected is so.
    pub fn is_sound(&self) -> bool {
        self.defects.is_empty()
    }

    /// Writes everything to standard output.
    pub fn print(&self) -> io::Result<()> {
        let mut out = io::stdout().lock();
        for fact in &self.facts {
            writeln!(out, "- {fact}")?;
        }
        let heads = [
            "Measured",
            "Machines",
            "Time",
            "Processor time",
            "Memory of Nix",
            "",
        ];
        write!(out, "\n{}\n", table(heads, &self.rows))?;
        if !self.ratios.is_empty() {
            write!(out, "\n{}\n", table(["Ratio", ""], &self.ratios))?;
        }
        for defect in &self.defects {
            writeln!(out, "\nNOT AS IT SHOULD BE: {defect}")?;
        }
        Ok(())
    }

    fn run(&mut self, what: String, machines: usize, run: &Run, processor: &str, note: String) {
        let time = format!("{:.2} s", run.seconds);
        self.row([
            what,
            machines.to_string(),
            time,
            format!("{processor} s"),
            megabytes(run.memory),
            note,
        ]);
    }

    fn row(&mut self, row: [String; 6]) {
        // Whoever waits sees that something happens.
        let told = row
            .iter()
            .filter(|cell| !cell.is_empty())
            .map(String::as_str);
        let told = told.collect::<Vec<_>>().join("  ");
        drop(writeln!(io::stderr(), "{told}"));
        self.rows.push(row);
    }
}

/// Bytes in the unit of the table.
#[expect(clippy::cast_precision_loss, reason = "the loss begins at petabytes")]
pub fn megabytes(bytes: u64) -> String {
    format!("{:.0} MB", bytes as f64 / 1e6)
}

fn table<const N: usize>(heads: [&str; N], rows: &[[String; N]]) -> Table {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN).set_header(heads);
    for row in rows {
        table.add_row(row);
    }
    // All but the first and the last column of the large table are numbers.
    for column in 1..N.min(5) {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}
