//! Providers that do not start, or introduce themselves wrongly.

use std::fs;

use insta::assert_snapshot;

use nixops::plugin::provider::Patience;

use super::world::{LONG, PATIENT, SHORT, World};

/// What is said of a program that was never started.
fn unstarted(make: impl FnOnce(&World)) -> String {
    let world = World::new();
    make(&world);
    let error = world.start(&world.path("program"), PATIENT).unwrap_err();
    world.expect_silence();
    world.text(&error)
}

/// What is said of a provider that misbehaves when it is greeted.
fn greeted(how: &str) -> String {
    let world = World::new();
    let patience = if how == "never-answers" {
        SHORT
    } else {
        PATIENT
    };
    let error = world.misbehaving(how, patience).unwrap_err();
    world.expect_silence();
    world.text(&error)
}

#[test]
fn a_program_that_is_missing() {
    assert_snapshot!(unstarted(|_| ()), @r#"
    plugin `fake` (input `clouds`): the provider /program is missing
    hint: build it first; `providers` of the plugin's manifest says where it is to be
    "#);
}

#[test]
fn a_program_that_is_a_directory() {
    let make = |world: &World| fs::create_dir(world.path("program")).unwrap();
    assert_snapshot!(unstarted(make), @r#"
    plugin `fake` (input `clouds`): the provider /program is a directory
    hint: `providers` of the plugin's manifest names a package where it is to name a program, as "${package}/bin/name"
    "#);
}

#[test]
fn a_program_that_is_not_executable() {
    let make = |world: &World| drop(world.write("program", "#!/bin/sh\\n", "644"));
    assert_snapshot!(unstarted(make), @r#"
    plugin `fake` (input `clouds`): the provider /program is not executable
    hint: the plugin's package has to install it with `chmod +x`
    "#);
}

#[test]
fn a_program_for_another_machine() {
    // The header of a program for a mainframe.
    let header =
        r"\177ELF\002\002\001\000\000\000\000\000\000\000\000\000\000\002\000\026\000\000\000\001";
    let make = |world: &World| drop(world.write("program", header, "755"));
    let text = unstarted(make).replace(std::env::consts::ARCH, "<this>");
    assert_snapshot!(text, @r#"
    plugin `fake` (input `clouds`): the provider /program is built for s390x, and this machine is <this>
    hint: `providers` of the plugin's manifest names one program for each system: this one stands at the wrong system
    "#);
}

#[test]
fn a_program_that_is_no_program() {
    let make = |world: &World| drop(world.write("program", "hello", "755"));
    assert_snapshot!(unstarted(make), @r#"
    plugin `fake` (input `clouds`): the provider /program is neither a program nor a script that names its interpreter
    hint: a script begins with a line such as `#!/bin/sh`
    "#);
}

#[test]
fn a_script_whose_interpreter_is_missing() {
    let make = |world: &World| drop(world.write("program", "#!/nowhere/python3\\n", "755"));
    assert_snapshot!(unstarted(make), @r#"
    plugin `fake` (input `clouds`): the provider /program cannot be started: the interpreter that it names is missing
    hint: build it with Nix, so that what it needs is in the store (patchShebangs, autoPatchelfHook)
    "#);
}

#[test]
fn a_provider_that_exits_at_once() {
    assert_snapshot!(greeted("exits-at-once"), @r#"
    plugin `fake` (input `clouds`): during `hello`: the provider /exits-at-once ended with exit status 3
      reading the configuration
      no credentials
    hint: start it by hand to see more: /exits-at-once
    "#);
    assert_snapshot!(greeted("dies-by-a-signal"), @r#"
    plugin `fake` (input `clouds`): during `hello`: the provider /dies-by-a-signal was ended by signal 9
    hint: start it by hand to see more: /dies-by-a-signal
    "#);
}

#[test]
fn a_provider_that_never_answers() {
    assert_snapshot!(greeted("never-answers"), @r#"
    plugin `fake` (input `clouds`): during `hello`: the provider /never-answers did not answer `hello` within 300 ms and was stopped
      waiting for the cloud
    hint: start it by hand to see more: /never-answers
    "#);
}

#[test]
fn a_provider_of_another_version() {
    assert_snapshot!(greeted("chooses-a-newer-version"), @r#"
    plugin `fake` (input `clouds`): during `hello`: the provider /chooses-a-newer-version chose version 7 of the protocol, and NixOps speaks version 1
    hint: update NixOps, or use an older plugin
    "#);
    assert_snapshot!(greeted("speaks-newer-versions-only"), @r#"
    plugin `fake` (input `clouds`): `hello`: fake speaks version 7
    hint: update NixOps
    "#);
}

#[test]
fn a_provider_that_introduces_itself_wrongly() {
    assert_snapshot!(greeted("has-no-name"), @r#"
    plugin `fake` (input `clouds`): during `hello`: the provider /has-no-name introduced itself wrongly: `provider.name` is empty
    hint: this is a defect of the plugin: tell its authors; `nixops plugin test` shows more
    "#);
    assert_snapshot!(greeted("is-no-provider"), @r#"
    plugin `fake` (input `clouds`): during `hello`: the provider /is-no-provider introduced itself wrongly: `protocol`: invalid type: string, expected u32
    hint: this is a defect of the plugin: tell its authors; `nixops plugin test` shows more
    "#);
}

#[test]
fn a_provider_that_does_not_end_is_ended() {
    let world = World::new();
    let provider = world.misbehaving(
        "stays",
        Patience {
            end: SHORT.end,
            ..PATIENT
        },
    );
    let error = provider.unwrap().close(SHORT.end).unwrap_err();
    assert_snapshot!(world.text(&error), @r#"
    plugin `fake` (input `clouds`): the provider /stays did not end within 200 ms after its input was closed and was stopped
    hint: this is a defect of the plugin: tell its authors; `nixops plugin test` shows more
    "#);
    world.expect_silence();
}

#[test]
fn a_provider_that_fails_in_the_end_is_heard() {
    let world = World::new();
    let provider = world.misbehaving("fails-in-the-end", PATIENT).unwrap();
    assert_snapshot!(world.text(&provider.close(LONG).unwrap_err()), @r#"
    plugin `fake` (input `clouds`): the provider /fails-in-the-end ended with exit status 4
      cannot save
    "#);
    world.expect_silence();
}

#[test]
fn a_provider_that_is_dropped_does_not_stay() {
    let world = World::new();
    drop(world.misbehaving("ignores-everything", PATIENT).unwrap());
    world.expect_silence();
}
