//! Taking over what is there: resources that another state has forgotten.

use std::fs;

use nixops::plan::Action;

use crate::{
    lab::Lab,
    plans_lab::{of, same},
};

/// A network with a volume and another one, of which the state knows nothing any more; and the volume's id.
fn forgotten() -> (Lab, String) {
    let lab = Lab::without_hosts();
    let input = lab.neatcloud();
    lab.network_of(
        &input,
        "resources.neatcloudVolumes.data = { size = 10; name = \"data\"; };",
    );
    lab.deploy(&[]).exits(0);
    let id = lab.cloud_has("volumes")[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    fs::remove_dir_all(lab.rig.home().join("state/nixops")).unwrap();
    (lab, id)
}

#[test]
fn a_resource_that_is_there_is_taken_over_by_its_id() {
    let (lab, id) = forgotten();
    assert_eq!(
        of(&lab.planned(&[]), "neatcloudVolumes", "data").action,
        Action::Create
    );
    // Another one of that name cannot be made, and what was tried is no obstacle.
    lab.call(&["import-resource", "neatcloudVolumes.data", &id])
        .exits(0)
        .says(&format!("neatcloudVolumes.data is {id} from now on"));
    assert_eq!(
        of(&lab.planned(&[]), "neatcloudVolumes", "data").action,
        Action::Keep
    );
    lab.deploy(&[]).exits(0).does_not_say("created");
    assert_eq!(lab.cloud_has("volumes").len(), 1);
    let input = lab.neatcloud();
    lab.network_of(
        &input,
        "resources.neatcloudVolumes.data = { size = 20; name = \"data\"; };",
    );
    assert_eq!(
        of(&lab.planned(&[]), "neatcloudVolumes", "data").action,
        Action::Update
    );
    lab.deploy(&[]).exits(0);
    lab.call(&["destroy", "--yes"]).exits(0);
    assert_eq!(lab.cloud(&["list"]), "");
}

#[test]
fn what_cannot_be_taken_over_is_refused_and_recorded_nowhere() {
    let (lab, id) = forgotten();
    let refused = |words: &[&str], said: &[&str]| {
        let words: Vec<_> = ["import-resource"].iter().chain(words).copied().collect();
        let run = lab.call(&words);
        run.exits(1);
        for said in said {
            run.says(said);
        }
    };
    refused(&["neatcloudVolumes.data", "vol-0"], &["vol-0"]);
    refused(
        &["neatcloudVolumes.other", &id],
        &[
            "the network has no neatcloudVolumes.other; it has neatcloudVolumes.data",
            "hint: add it to the network first",
        ],
    );
    refused(&["data", &id], &["`data` is not TYPE.NAME"]);
    assert_eq!(lab.records(), None);
    lab.call(&["import-resource", "neatcloudVolumes.data", &id])
        .exits(0);
    let before = lab.state_files();
    refused(
        &["neatcloudVolumes.data", &id],
        &["neatcloudVolumes.data is recorded already"],
    );
    same(&before, &lab.state_files());
}
