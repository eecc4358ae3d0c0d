//! What is told of machines that are remembered: the same as when they were evaluated.

use crate::network::KeyOptions;

use super::{
    Evaluated,
    fleet::lock,
    herald::Herald,
    parse,
    recall::{Remembered, Remembering},
    text::MachineText,
};

impl Herald<'_> {
    /// Tells what is remembered of machines. Gives those that have to be evaluated, and those of which only the
    /// texts of keys are lacking.
    pub fn remember(&self, names: &[String]) -> (Vec<String>, Vec<String>) {
        let Some(remembering) = &self.remembering else {
            return (names.to_vec(), Vec::new());
        };
        let mut remembered = remembering.machines(self.depth, names);
        let (mut unknown, mut unkeyed) = (Vec::new(), Vec::new());
        for name in names {
            let remembered = remembered.remove(name);
            // What cannot be read is not remembered.
            let read = remembered.and_then(|remembered| {
                let text = parse::<MachineText>(&remembered.text).ok()?;
                Some((text, remembered))
            });
            match read {
                None => unknown.push(name.clone()),
                Some((text, remembered)) => {
                    let is_all = self.tell_again(text, remembered);
                    unkeyed.extend((!is_all).then(|| name.clone()));
                }
            }
        }
        (unknown, unkeyed)
    }

    /// Tells what is remembered of a machine; whether that is all.
    fn tell_again(&self, text: MachineText, remembered: Remembered) -> bool {
        let machine = text.machine.clone();
        lock(&self.begun).insert(machine.clone());
        self.send(Evaluated::Begun {
            machine: machine.clone(),
        });
        for remark in remembered.remarks {
            self.send(Evaluated::remark(Some(machine.clone()), remark));
        }
        let reads = remembered.reads;
        self.send(Evaluated::Reads { machine, reads });
        self.announce(&text);
        let mut keys = text.options.keys.values();
        let lacks_texts = self.depth.tells_keys() && keys.any(KeyOptions::has_text);
        let Some(machine) = text.into_machine() else {
            return true;
        };
        if lacks_texts {
            lock(&self.remembered).insert(machine.name.clone(), machine);
        } else {
            self.send(Evaluated::Machine(Box::new(machine)));
        }
        !lacks_texts
    }

    /// Writes what is to be remembered.
    pub fn write(&self) {
        self.remembering.iter().for_each(Remembering::write);
    }
}
