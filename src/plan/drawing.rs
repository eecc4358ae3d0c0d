//! Pictures of the graph, in the languages of Graphviz and Mermaid.

use std::{collections::BTreeMap, fmt::Write as _};

use crate::{network::MachineOptions, state::Key};

use super::graph::{Edge, Graph, Node};

/// A language for pictures of graphs.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Drawing {
    /// That of Graphviz: `dot -Tsvg`.
    #[default]
    Dot,
    /// That of Mermaid, which many pages for source code show as a picture.
    Mermaid,
}

impl Graph {
    /// Draws what needs what: arrows lead to what is needed, dotted ones to what the system of a machine
    /// reads. The same graph always gives the same text.
    pub fn draw(&self, drawing: Drawing) -> String {
        match drawing {
            Drawing::Dot => self.dot(),
            Drawing::Mermaid => self.mermaid(),
        }
    }

    fn dot(&self) -> String {
        let mut text = String::from("digraph network {\n  rankdir = LR;\n");
        for node in self.nodes() {
            let shape = if node.is_machine { "box3d" } else { "ellipse" };
            let (id, label) = (node.key.to_string(), label(node).join("\n"));
            let (id, label) = (dot_quoted(&id), dot_quoted(&label));
            _ = writeln!(text, "  {id} [shape = {shape}, label = {label}];");
        }
        for (from, to, edge) in self.edges() {
            let style = match edge {
                Edge::Needs => "",
                Edge::Reads => " [style = dotted]",
            };
            let (from, to) = (from.to_string(), to.to_string());
            let (from, to) = (dot_quoted(&from), dot_quoted(&to));
            _ = writeln!(text, "  {from} -> {to}{style};");
        }
        text + "}\n"
    }

    fn mermaid(&self) -> String {
        let mut text = String::from("graph LR\n");
        let mut numbers: BTreeMap<&Key, usize> = BTreeMap::new();
        for (number, node) in self.nodes().enumerate() {
            numbers.insert(&node.key, number);
            let label = label(node).map(|line| mermaid_quoted(&line)).join("<br>");
            let (open, close) = if node.is_machine {
                ("[[", "]]")
            } else {
                ("(", ")")
            };
            _ = writeln!(text, "  n{number}{open}\"{label}\"{close}");
        }
        for (from, to, edge) in self.edges() {
            let arrow = match edge {
                Edge::Needs => "-->",
                Edge::Reads => "-.->",
            };
            _ = writeln!(text, "  n{} {arrow} n{}", numbers[from], numbers[to]);
        }
        text
    }
}

/// What stands in a node: the name, and what it is the name of.
fn label(node: &Node) -> [String; 2] {
    let kind = match node.key.kind.as_str() {
        MachineOptions::NO_BACKEND => "machine",
        kind => kind,
    };
    [node.key.name.clone(), kind.to_owned()]
}

/// A text between quotes, for Graphviz: a label reads escapes, so a backslash is two.
fn dot_quoted(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", text.replace('\n', "\\n"))
}

/// A text between quotes, for Mermaid: what has a meaning there is written by its number.
fn mermaid_quoted(text: &str) -> String {
    let plain = |character: char| character.is_alphanumeric() || " ._-:/".contains(character);
    let mut quoted = String::new();
    for character in text.chars() {
        if plain(character) {
            quoted.push(character);
        } else {
            _ = write!(quoted, "#{};", u32::from(character));
        }
    }
    quoted
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    fn graph() -> Graph {
        let mut graph = Graph::default();
        let data = Key::new("neatcloudVolumes", "data");
        let odd = Key::new("keys", "a \"b\" \\ <c>");
        let web = Key::new("neatcloudServers", "web");
        let db = Graph::host("db");
        graph.add_resource(&odd);
        graph.add_resource(&data);
        graph.add_machine(&web);
        graph.add_machine(&db);
        graph.need(&web, &data);
        graph.need(&data, &odd);
        graph.read(&db, &web);
        graph
    }

    #[test]
    fn graphviz_gets_its_language() {
        assert_snapshot!(graph().draw(Drawing::Dot), @r#"
        digraph network {
          rankdir = LR;
          "keys.a \"b\" \\ <c>" [shape = ellipse, label = "a \"b\" \\ <c>\nkeys"];
          "neatcloudServers.web" [shape = box3d, label = "web\nneatcloudServers"];
          "neatcloudVolumes.data" [shape = ellipse, label = "data\nneatcloudVolumes"];
          "none.db" [shape = box3d, label = "db\nmachine"];
          "neatcloudServers.web" -> "neatcloudVolumes.data";
          "neatcloudVolumes.data" -> "keys.a \"b\" \\ <c>";
          "none.db" -> "neatcloudServers.web" [style = dotted];
        }
        "#);
    }

    #[test]
    fn mermaid_gets_its_language() {
        assert_snapshot!(graph().draw(Drawing::Mermaid), @r#"
        graph LR
          n0("a #34;b#34; #92; #60;c#62;<br>keys")
          n1[["web<br>neatcloudServers"]]
          n2("data<br>neatcloudVolumes")
          n3[["db<br>machine"]]
          n1 --> n2
          n2 --> n0
          n3 -.-> n1
        "#);
    }
}
