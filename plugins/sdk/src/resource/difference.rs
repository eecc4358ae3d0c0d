//! How the inputs of a resource differ from those that it was last brought to.

use std::collections::BTreeSet;
use std::ptr;

use serde_json::{Map, Value};

use crate::protocol::{Attributes, Change, ChangeKind, Difference, ResourceState};

/// Compares what a resource is to be with the inputs that it was last brought to, attribute by
/// attribute, by the JSON Schema of the options.
///
/// Only attributes that the schema names count, and there is no difference between one that is null
/// and one that is not there. What the schema marks `x-nixops-sensitive` or `x-nixops-writeOnly` is
/// not compared where nothing was kept of it. What it marks `x-nixops-replace` replaces the resource,
/// with all that is inside it. Lists are one attribute, however many elements differ.
pub fn difference(schema: &Value, prior: &ResourceState, inputs: &Attributes) -> Difference {
    let mut changes = Changes {
        root: schema,
        path: Vec::new(),
        found: Vec::new(),
    };
    let top = View::of(schema, schema);
    changes.objects(&top, &prior.inputs, inputs, top.says("x-nixops-replace"));
    Difference {
        changes: changes.found,
        stable: Vec::new(),
    }
}

/// All schemas that may speak about one value: the one that stands there, and those that it refers to
/// or chooses from.
struct View<'a> {
    schemas: Vec<&'a Value>,
}

impl<'a> View<'a> {
    fn of(root: &'a Value, schema: &'a Value) -> Self {
        Self::of_all(root, [schema])
    }

    fn of_all(root: &'a Value, schemas: impl IntoIterator<Item = &'a Value>) -> Self {
        let mut view = Self {
            schemas: Vec::new(),
        };
        for schema in schemas {
            view.add(root, schema);
        }
        view
    }

    fn add(&mut self, root: &'a Value, schema: &'a Value) {
        // Schemas may refer to one another in circles.
        if self.schemas.iter().any(|known| ptr::eq(*known, schema)) {
            return;
        }
        self.schemas.push(schema);
        if let Some(referred) = referred(root, schema) {
            self.add(root, referred);
        }
        for keyword in ["allOf", "anyOf", "oneOf"] {
            let choices = schema.get(keyword).and_then(Value::as_array);
            for choice in choices.into_iter().flatten() {
                self.add(root, choice);
            }
        }
    }

    fn says(&self, keyword: &str) -> bool {
        let mut schemas = self.schemas.iter();
        schemas.any(|schema| schema.get(keyword) == Some(&Value::Bool(true)))
    }

    fn is_hidden(&self) -> bool {
        self.says("x-nixops-sensitive") || self.says("x-nixops-writeOnly")
    }

    /// What is said about an attribute; `None` if it is not named.
    fn attribute(&self, root: &'a Value, name: &str) -> Option<Self> {
        let named = self.schemas.iter().filter_map(|schema| {
            let property = schema.get("properties").and_then(|all| all.get(name));
            property.or_else(|| {
                schema
                    .get("additionalProperties")
                    .filter(|&rest| *rest != false)
            })
        });
        let view = Self::of_all(root, named);
        (!view.schemas.is_empty()).then_some(view)
    }

    fn elements(&self, root: &'a Value) -> Self {
        let items = self.schemas.iter().filter_map(|schema| schema.get("items"));
        Self::of_all(root, items)
    }

    fn names_attributes(&self) -> bool {
        let mut schemas = self.schemas.iter();
        schemas.any(|schema| {
            schema.get("properties").is_some() || schema.get("additionalProperties").is_some()
        })
    }
}

fn referred<'a>(root: &'a Value, schema: &Value) -> Option<&'a Value> {
    let reference = schema.get("$ref")?.as_str()?;
    root.pointer(reference.strip_prefix('#')?)
}

struct Changes<'a> {
    root: &'a Value,
    path: Vec<String>,
    found: Vec<Change>,
}

impl<'a> Changes<'a> {
    fn objects(
        &mut self,
        view: &View<'a>,
        prior: &Map<String, Value>,
        wanted: &Map<String, Value>,
        replace: bool,
    ) {
        let names: BTreeSet<&String> = prior.keys().chain(wanted.keys()).collect();
        for name in names {
            if let Some(view) = view.attribute(self.root, name) {
                self.path.push(name.clone());
                self.attribute(&view, present(prior, name), present(wanted, name), replace);
                self.path.pop();
            }
        }
    }

    fn attribute(
        &mut self,
        view: &View<'a>,
        prior: Option<&Value>,
        wanted: Option<&Value>,
        replace: bool,
    ) {
        let replace = replace || view.says("x-nixops-replace");
        match (prior, wanted) {
            (None, None) => {}
            (None, Some(_)) if view.is_hidden() => {}
            (None, Some(_)) => self.add(ChangeKind::Add, replace),
            (Some(_), None) => self.add(ChangeKind::Remove, replace),
            (Some(Value::Object(prior)), Some(Value::Object(wanted)))
                if view.names_attributes() =>
            {
                self.objects(view, prior, wanted, replace);
            }
            (Some(prior), Some(wanted)) => {
                if !self.is_same(view, prior, wanted) {
                    self.add(ChangeKind::Update, replace);
                }
            }
        }
    }

    fn add(&mut self, kind: ChangeKind, replace: bool) {
        self.found.push(Change {
            path: self.path.clone(),
            kind,
            replace,
        });
    }

    fn is_same(&self, view: &View<'a>, prior: &Value, wanted: &Value) -> bool {
        match (prior, wanted) {
            (Value::Array(prior), Value::Array(wanted)) => {
                let elements = view.elements(self.root);
                let mut pairs = prior.iter().zip(wanted);
                prior.len() == wanted.len()
                    && pairs.all(|(prior, wanted)| self.is_same(&elements, prior, wanted))
            }
            (Value::Object(prior), Value::Object(wanted)) if view.names_attributes() => {
                let mut inner = Self {
                    root: self.root,
                    path: Vec::new(),
                    found: Vec::new(),
                };
                inner.objects(view, prior, wanted, false);
                inner.found.is_empty()
            }
            // JSON has one kind of number: 1.0 is 1.
            (Value::Number(prior), Value::Number(wanted)) if prior.is_f64() != wanted.is_f64() => {
                prior.as_f64() == wanted.as_f64()
            }
            _ => prior == wanted,
        }
    }
}

fn present<'v>(attributes: &'v Map<String, Value>, name: &str) -> Option<&'v Value> {
    attributes.get(name).filter(|value| !value.is_null())
}
