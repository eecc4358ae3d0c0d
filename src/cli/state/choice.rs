//! Which deployment is meant.

use camino::Utf8Path;

use crate::state::{self, Database, Deployment, Identity};

use super::ChoiceError;

/// Finds the deployment that is named, or else the one of the network here, or else the only one.
pub fn choose(
    database: &Database,
    named: Option<&str>,
    identity: Option<&Identity>,
) -> Result<Deployment, anyhow::Error> {
    let path = database.path();
    if let Some(name) = named {
        return match database.find(name)? {
            Some(found) => Ok(found),
            None => Err(unknown(database, name)?.into()),
        };
    }
    if let Some(identity) = identity {
        let found = own(database, &identity.lineage, Some(&identity.name))?;
        let elsewhere = || ChoiceError::Elsewhere {
            identity: identity.clone(),
            path: path.to_owned(),
        };
        return Ok(found.ok_or_else(elsewhere)?);
    }
    Ok(only(database.deployments()?, path)?)
}

/// The network's own: by its lineage, and by its name where several have that. None if it has none here.
pub fn own(
    database: &Database,
    lineage: &str,
    name: Option<&str>,
) -> Result<Option<Deployment>, anyhow::Error> {
    let mut own = database.deployments()?;
    own.retain(|one| one.lineage == lineage);
    if own.len() < 2 {
        return Ok(own.pop());
    }
    let named = own.iter().position(|one| one.name.as_deref() == name);
    match named {
        Some(at) => Ok(Some(own.swap_remove(at))),
        None => Ok(Some(only(own, database.path())?)),
    }
}

fn only(mut all: Vec<Deployment>, path: &Utf8Path) -> Result<Deployment, ChoiceError> {
    match all.len() {
        0 => Err(ChoiceError::None {
            path: path.to_owned(),
        }),
        1 => Ok(all.swap_remove(0)),
        _ => Err(ChoiceError::Several {
            path: path.to_owned(),
            known: names(&all),
        }),
    }
}

fn unknown(database: &Database, name: &str) -> Result<ChoiceError, state::Error> {
    let all = database.deployments()?;
    let path = database.path().to_owned();
    Ok(if all.is_empty() {
        ChoiceError::None { path }
    } else {
        ChoiceError::Unknown {
            name: name.to_owned(),
            path,
            known: names(&all),
        }
    })
}

fn names(all: &[Deployment]) -> Vec<String> {
    all.iter().map(|one| one.called().to_owned()).collect()
}

/// Refuses what cannot be the name of a deployment, or is that of another one.
pub fn check_name(database: &Database, name: &str, own: Option<&str>) -> Result<(), anyhow::Error> {
    let begins = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    let letters = |one: char| one.is_ascii_alphanumeric() || "-_.".contains(one);
    if !begins || !name.chars().all(letters) {
        return Err(ChoiceError::NoName {
            name: name.to_owned(),
        }
        .into());
    }
    let all = database.deployments()?;
    let has = |one: &&Deployment| one.name.as_deref() == Some(name) && Some(&*one.uuid) != own;
    match all.iter().find(has) {
        None => Ok(()),
        Some(other) => Err(ChoiceError::Taken {
            name: name.to_owned(),
            uuid: other.uuid.clone(),
        }
        .into()),
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    fn database(names: &[&str]) -> Database {
        let database = Database::memory().unwrap();
        for (number, name) in names.iter().enumerate() {
            let uuid = format!("{number}aaaaaaa-0000-4000-8000-000000000000");
            let deployment = Deployment::new(uuid, Some(name), "default");
            database.create(&deployment).unwrap();
        }
        database
    }

    fn said(database: &Database, named: Option<&str>, identity: Option<&Identity>) -> String {
        let error = choose(database, named, identity).unwrap_err();
        let hint = error
            .downcast_ref::<ChoiceError>()
            .and_then(ChoiceError::hint);
        format!("{error}\nhint: {}", hint.unwrap_or_default())
    }

    #[test]
    fn the_only_one_is_meant_and_one_of_several_has_to_be_named() {
        assert_eq!(
            choose(&database(&["shop"]), None, None).unwrap().called(),
            "shop"
        );
        assert_snapshot!(said(&database(&["shop", "blog"]), None, None), @r"
        which deployment? There are blog, shop in :memory:
        hint: name it with `-d`, or run where its network is; `nixops list` shows all
        ");
        assert_snapshot!(said(&database(&[]), None, None), @r"
        there is no deployment in :memory:
        hint: `nixops create` makes one, and so does the first `nixops deploy`; `nixops import` brings those of NixOps 2
        ");
    }

    #[test]
    fn a_name_a_uuid_and_its_beginning_are_names() {
        let database = database(&["shop", "blog"]);
        for name in ["blog", "1aaa", "1aaaaaaa-0000-4000-8000-000000000000"] {
            assert_eq!(
                choose(&database, Some(name), None).unwrap().called(),
                "blog"
            );
        }
        assert_snapshot!(said(&database, Some("sohp"), None), @r"
        there is no deployment `sohp` in :memory:, only blog, shop
        hint: did you mean `shop`?
        ");
    }

    #[test]
    fn the_networks_own_is_meant_where_it_says_so() {
        let database = database(&["shop", "blog"]);
        let mut identity = Identity {
            name: "whatever it is called elsewhere".to_owned(),
            lineage: "1aaaaaaa-0000-4000-8000-000000000000".to_owned(),
        };
        let own = choose(&database, None, Some(&identity)).unwrap();
        assert_eq!(own.called(), "blog");
        let second = Deployment {
            lineage: identity.lineage.clone(),
            ..Deployment::new("2b", Some("test"), "default")
        };
        database.create(&second).unwrap();
        identity.name = "test".to_owned();
        assert_eq!(choose(&database, None, Some(&identity)).unwrap(), second);
        identity.lineage = "3".to_owned();
        assert_snapshot!(said(&database, None, Some(&identity)), @r"
        the deployment `test` of the network here (lineage 3) is not in :memory:
        hint: `--state` names another state; `nixops export` there and `nixops import` here bring it
        ");
    }

    #[test]
    fn a_name_is_free_and_has_the_form_of_one() {
        let database = database(&["shop"]);
        let own = "0aaaaaaa-0000-4000-8000-000000000000";
        assert!(check_name(&database, "shop", Some(own)).is_ok());
        assert!(check_name(&database, "blog", None).is_ok());
        assert_snapshot!(check_name(&database, "shop", None).unwrap_err(), @"there is a deployment `shop` already: 0aaaaaaa-0000-4000-8000-000000000000");
        assert_snapshot!(check_name(&database, "1/2", None).unwrap_err(), @"`1/2` is no name for a deployment");
    }
}
