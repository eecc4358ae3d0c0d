//! What is recorded of resources, and what becomes of a record that cannot be used.

use std::{fs, process::Stdio, thread, time::Duration};

use serde_json::json;

use crate::lab::Lab;

/// A network of one volume, which is quick.
fn one_volume() -> Lab {
    let lab = Lab::without_hosts();
    let input = lab.neatcloud();
    lab.network_of(&input, "resources.neatcloudVolumes.data.size = 10;");
    lab
}

#[test]
fn only_one_of_two_deploys_at_a_time_works_on_a_deployment() {
    let lab = one_volume();
    lab.order_faults(&json!([{ "method": "create", "fault": "slow", "seconds": 600 }]));
    let mut first = lab.deploying(&[]);
    let mut first = first.stderr(Stdio::piped()).spawn().unwrap();
    while lab.records().is_none() {
        assert!(first.try_wait().unwrap().is_none(), "{first:?}");
        thread::sleep(Duration::from_millis(20));
    }
    let second = lab.deploy(&[]);
    second
        .exits(1)
        .says("error: another run works on this deployment: ")
        .says("runs `nixops deploy` since ")
        .says("hint: wait for it to end ");
    // Who only looks need not wait.
    lab.deploy(&["--dry-run"]).exits(0);
    lab.deploy(&["--build-only"]).exits(0);

    // A run that is killed leaves no lock, and its provider ends with it.
    first.kill().unwrap();
    first.wait().unwrap();
    lab.is_left_alone();
    lab.deploy(&[]).exits(0).says("neatcloudVolumes.data> ");
    assert_eq!(lab.cloud_has("volumes").len(), 1);
}

#[test]
fn a_record_that_is_damaged_or_newer_is_told_of_and_left_as_it_is() {
    let lab = one_volume();
    lab.deploy(&[]).exits(0);
    let file = lab.record_file().unwrap();
    let known = fs::read(&file).unwrap();
    let damaged = known[..known.len() / 2].to_owned();
    let mut newer = known.clone();
    // Where SQLite keeps its `user_version`.
    newer[60..64].copy_from_slice(&2_u32.to_be_bytes());
    let cases = [
        (
            damaged,
            format!("the state in {} cannot be understood: ", file.display()),
        ),
        (
            newer,
            format!(
                "the state in {} has version 2, and this nixops knows versions up to 1",
                file.display()
            ),
        ),
    ];
    for (bytes, said) in cases {
        fs::write(&file, &bytes).unwrap();
        for arguments in [&[][..], &["--dry-run"]] {
            lab.deploy(arguments).exits(1).says(&said).says("\nhint: ");
        }
        assert_eq!(fs::read(&file).unwrap(), bytes);
        assert_eq!(lab.cloud_has("volumes").len(), 1);
    }
    fs::write(&file, &known).unwrap();
    lab.deploy(&[]).exits(0).does_not_say("created");
}

#[test]
fn what_is_recorded_is_for_the_user_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let lab = one_volume();
    lab.deploy(&[]).exits(0);
    let file = lab.record_file().unwrap();
    let mode = fs::metadata(file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_resource_that_is_taken_out_of_the_network_is_not_touched() {
    let lab = one_volume();
    lab.deploy(&[]).exits(0);
    let records = lab.records();
    let input = lab.neatcloud();
    lab.network_of(&input, "network.description = \"nothing\";");
    lab.deploy(&[]).exits(0);
    assert_eq!(lab.cloud_has("volumes").len(), 1);
    assert_eq!(lab.records(), records);
}
