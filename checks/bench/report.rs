//! What was measured, as Markdown.

use std::io::{self, Write as _};

use comfy_table::{CellAlignment, Table, presets::ASCII_MARKDOWN};

use crate::{machine, measure::Run};

/// How much of the processor time of all runs may be NixOps' own, in percent.
const OWN_SHARE: f64 = 5.0;

/// What a figure is to be, and its unit.
#[derive(Clone, Copy, Debug)]
pub enum Goal {
    /// Less than this.
    Below(f64, &'static str),
    /// This or less.
    AtMost(f64, &'static str),
    /// This or more.
    AtLeast(f64, &'static str),
}

/// Figures, ratios of them, goals, and what is not as it should be.
#[derive(Debug)]
pub struct Report {
    facts: Vec<String>,
    rows: Vec<[String; 8]>,
    ratios: Vec<[String; 2]>,
    goals: Vec<[String; 4]>,
    defects: Vec<String>,
    /// Processor time of all runs of NixOps: its own, and that with the programs it ran.
    processor: (f64, f64),
}

impl Report {
    /// A report with nothing but facts of the computer.
    pub fn new(facts: Vec<String>) -> Self {
        Self {
            facts,
            rows: Vec::new(),
            ratios: Vec::new(),
            goals: Vec::new(),
            defects: Vec::new(),
            processor: (0.0, 0.0),
        }
    }

    /// Adds a figure that is no run.
    pub fn figure(&mut self, what: impl Into<String>, value: String) {
        let mut row = [const { String::new() }; 8];
        (row[0], row[7]) = (what.into(), value);
        self.row(row);
    }

    /// Adds a run of NixOps, whose own processor time is told apart from that of its programs.
    pub fn nixops(&mut self, what: impl Into<String>, count: usize, run: &Run, note: String) {
        let (own, total) = (run.processor.own, run.processor.total());
        self.processor.0 += own;
        self.processor.1 += total;
        let processor = format!("{own:.2} + {:.1}", run.processor.programs);
        let share = format!("{:.1} %", percent(own, total));
        self.run(what.into(), count, run, [processor, share], note);
    }

    /// Adds a run of something else.
    pub fn other(&mut self, what: impl Into<String>, count: usize, run: &Run, note: String) {
        let processor = format!("{:.1}", run.processor.total());
        self.run(what.into(), count, run, [processor, String::new()], note);
    }

    /// Adds a ratio.
    pub fn ratio(&mut self, what: impl Into<String>, of: f64, to: f64) {
        self.ratios.push([what.into(), format!("{:.2}", of / to)]);
    }

    /// Says what a figure is to be, and what it is. One that is missed is no defect: computers differ.
    pub fn goal(&mut self, what: impl Into<String>, goal: Goal, measured: f64) {
        let (sign, bound, unit, is_met) = match goal {
            Goal::Below(bound, unit) => ("<", bound, unit, measured < bound),
            Goal::AtMost(bound, unit) => ("≤", bound, unit, measured <= bound),
            Goal::AtLeast(bound, unit) => ("≥", bound, unit, measured >= bound),
        };
        self.goals.push([
            what.into(),
            format!("{sign} {bound} {unit}"),
            format!("{measured:.2} {unit}"),
            String::from(if is_met { "yes" } else { "no" }),
        ]);
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
    pub fn print(mut self) -> io::Result<()> {
        let (own, total) = self.processor;
        if total > 0.0 {
            let what = "processor time of nixops itself, of all its runs together";
            self.goal(what, Goal::Below(OWN_SHARE, "%"), percent(own, total));
        }
        let mut out = io::stdout().lock();
        for fact in &self.facts {
            writeln!(out, "- {fact}")?;
        }
        let heads = [
            "Measured",
            "Count",
            "Time",
            "Processor time",
            "Own share",
            "Busy",
            "Memory",
            "",
        ];
        write!(out, "\n{}\n", table(heads, &self.rows, 1..7))?;
        if !self.ratios.is_empty() {
            write!(out, "\n{}\n", table(["Ratio", ""], &self.ratios, 1..2))?;
        }
        if !self.goals.is_empty() {
            let heads = ["Goal", "To be", "Measured", "Met"];
            write!(out, "\n{}\n", table(heads, &self.goals, 1..3))?;
        }
        for defect in &self.defects {
            writeln!(out, "\nNOT AS IT SHOULD BE: {defect}")?;
        }
        Ok(())
    }

    fn run(&mut self, what: String, count: usize, run: &Run, processor: [String; 2], note: String) {
        let [processor, share] = processor;
        self.row([
            what,
            count.to_string(),
            format!("{:.2} s", run.seconds),
            format!("{processor} s"),
            share,
            format!("{:.0} %", busy(run)),
            megabytes(run.memory),
            note,
        ]);
    }

    fn row(&mut self, row: [String; 8]) {
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

/// How much of what all processors could have done they did, in percent.
#[expect(clippy::cast_precision_loss, reason = "no computer has so many cores")]
fn busy(run: &Run) -> f64 {
    percent(run.computer, run.seconds * machine::cores() as f64)
}

fn percent(of: f64, all: f64) -> f64 {
    100.0 * of / all.max(f64::MIN_POSITIVE)
}

/// Bytes in the unit of the table.
#[expect(clippy::cast_precision_loss, reason = "the loss begins at petabytes")]
pub fn megabytes(bytes: u64) -> String {
    format!("{:.0} MB", bytes as f64 / 1e6)
}

/// A table in which these columns are numbers.
fn table<const N: usize>(
    heads: [&str; N],
    rows: &[[String; N]],
    numbers: std::ops::Range<usize>,
) -> Table {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN).set_header(heads);
    for row in rows {
        table.add_row(row);
    }
    for column in numbers {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}
