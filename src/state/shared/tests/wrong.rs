//! Places that are not as they should be.

use std::os::unix::fs::PermissionsExt as _;

use insta::assert_snapshot;

use super::*;

#[test]
fn a_directory_that_is_not_there_is_not_made() {
    let team = Team::new();
    fs::remove_dir(team.path("srv")).unwrap();
    let ada = team.of("ada");
    assert_snapshot!(team.explain(&ada.look().unwrap_err()), @"
    cannot read the shared state in ~/srv
      there is no directory ~/srv, or it is closed to root
    hint: the directory must be there, and everybody who shares the state must be able to write into it
    ");
    assert_snapshot!(team.explain(&hold(&ada).unwrap_err()), @"
    cannot lock the shared state in ~/srv
      there is no directory ~/srv, or it is closed to root
    hint: the directory must be there, and everybody who shares the state must be able to write into it
    ");
    assert!(!team.path("srv").exists());
}

#[test]
fn a_state_that_went_away_is_not_begun_anew() {
    let team = Team::new();
    let ada = first(&team);
    fs::remove_file(team.path("srv/state.age")).unwrap();
    let error = team.explain(&hold(&ada).unwrap_err());
    assert_snapshot!(error, @"
    the state in ~/srv is gone: the copy in ~/ada/shared/COPY/state.db was made of a file `state.age`, and there is none now
    hint: put it back from a backup (`state.age.before` is the one before the last), or move the copy here away to begin anew
    ");
    assert_eq!(team.explain(&ada.look().unwrap_err()), error);
    assert!(team.files().is_empty());
}

#[test]
fn who_is_not_of_the_team_reads_nothing() {
    let team = Team::new();
    first(&team);
    let eve = team.of("eve");
    assert_snapshot!(team.explain(&eve.look().unwrap_err()), @"
    cannot read the shared state in ~/srv: a secret in the state is encrypted, and there is no key to open it: looked for it in ~/eve/age.key
    hint: put a copy of the key that made it there, or its text into NIXOPS_AGE_KEY; a colleague who can open the secrets can add you as a recipient
    ");
    team.sealer("eve", Vec::new()).public_key().unwrap();
    assert_snapshot!(team.explain(&eve.look().unwrap_err()), @"
    cannot read the shared state in ~/srv: a secret in the state cannot be opened: it is encrypted for 2 keys, and the key in ~/eve/age.key is not among them
    hint: use the key that made them, or let somebody who can open them add your public key to the recipients and deploy again
    ");
    hold(&eve).unwrap_err();
    assert_eq!(team.files(), ["state.age"]);
}

#[test]
fn a_file_that_was_damaged_is_refused() {
    let team = Team::new();
    first(&team);
    let path = team.path("srv/state.age");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() - 7]).unwrap();
    assert_snapshot!(team.explain(&team.of("bob").look().unwrap_err()), @"
    cannot read the shared state in ~/srv: a secret in the state is damaged: it was changed, or its end is missing
    hint: put back a copy of the state from before it was damaged
    ");
    fs::write(&path, "").unwrap();
    assert_snapshot!(team.explain(&team.of("bob").look().unwrap_err()), @"
    cannot read the shared state in ~/srv: a secret in the state is damaged: it is not in the age format, or in a newer one
    hint: put back a copy of the state from before it was damaged
    ");
    hold(&team.of("bob")).unwrap_err();
    assert_eq!(team.files(), ["state.age"]);
}

#[test]
fn a_lock_that_nobody_can_read_is_one_still() {
    let team = Team::new();
    first(&team);
    fs::write(team.path("srv/state.lock"), "{").unwrap();
    assert_snapshot!(team.explain(&hold(&team.of("ada")).unwrap_err()), @"
    another run works on the state in ~/srv: it does not say which
    hint: wait for it to end (`--wait-lock` does); if it was killed, `nixops unlock` takes its lock away
    ");
    team.of("ada").unlock().unwrap().unwrap();
    hold(&team.of("ada")).unwrap();
}

#[test]
fn a_copy_that_was_damaged_is_named() {
    let team = Team::new();
    let ada = first(&team);
    let base = ada.copy.database().with_file_name("base.json");
    fs::write(&base, "{").unwrap();
    let error = team.explain(&hold(&ada).unwrap_err());
    assert!(
        error.contains("base.json, which belongs to the copy of a shared state: EOF"),
        "{error}"
    );
}

#[test]
fn files_are_for_the_team_alone() {
    let team = Team::new();
    let ada = first(&team);
    let _held = hold(&ada).unwrap();
    let mode = |path: &Utf8Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&team.path("srv/state.age")), 0o660);
    assert_eq!(mode(&team.path("srv/state.lock")), 0o660);
    assert_eq!(mode(&ada.copy.database()), 0o600);
    assert_eq!(mode(ada.copy.database().parent().unwrap()), 0o700);
}
