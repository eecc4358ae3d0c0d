//! The end of a deployment, by its state alone.

use std::collections::BTreeSet;

use crate::plan;
use crate::state::{Key, nixops2};

use super::super::trouble::Trouble;
use super::Stage;
use super::survey::Survey;

impl<'a> Stage<'a> {
    /// Plans that nothing is left, or nothing of some machines and resources: each goes before what it
    /// needed.
    ///
    /// `only` are names of machines, and resources as `TYPE.NAME`; all if there is none.
    pub fn survey_end(&self, only: &BTreeSet<Key>) -> Result<Survey<'a>, Trouble> {
        let mut survey = Survey::of(self)?;
        let planned = plan::destroy(&survey.records, self.preview.schemas);
        survey.plan = planned.map_err(|cycle| Trouble::new(cycle.to_string(), None))?;
        let is_untouched = |key: &Key| {
            let record = survey.records.current.get(key);
            record.is_some_and(|record| record.plugin == nixops2::UNTOUCHED)
        };
        let resources = &mut survey.plan.resources;
        resources.retain(|planned| !is_untouched(&planned.key));
        if !only.is_empty() {
            let resources = &mut survey.plan.resources;
            resources.retain(|planned| only.contains(&planned.key));
            let deposed = &mut survey.plan.deposed;
            deposed.retain(|planned| only.contains(&planned.key));
        }
        Ok(survey)
    }
}
