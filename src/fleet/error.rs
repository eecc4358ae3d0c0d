/// Why it is not known which machine is meant, or what is to be done with it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A pattern matches more than the one machine that there can be.
    #[error("`{pattern}` are {}", names.join(" and "))]
    Several {
        /// The pattern.
        pattern: String,
        /// Names of the machines.
        names: Vec<String>,
    },
    /// There is none at all.
    #[error("there is no machine")]
    Nobody,
    /// A machine has no ssh, and something that only ssh can do was asked for.
    #[error("{machine} is not reached by ssh, so that {what} is not possible")]
    NoSsh {
        /// The machine.
        machine: String,
        /// What is not possible, such as `copying files`.
        what: &'static str,
    },
    /// No file that is to be copied is on a machine.
    #[error("no path has the name of a machine before it")]
    NoMachineNamed,
    /// Files are to be copied from one machine to another one.
    #[error("files can be copied to or from one of `{}` and `{}`, not between them", names[0], names[1])]
    TwoMachines {
        /// Names of the machines.
        names: [String; 2],
    },
    /// Where files are to be copied to is where they are.
    #[error("what is copied has to be on the one side, and where it goes on the other")]
    BothSides,
    /// A program is not here.
    #[error("there is no program `{program}` here")]
    NoProgram {
        /// Its name.
        program: String,
    },
    /// A path is none of the store.
    #[error("`{path}` is not in the store")]
    NotInStore {
        /// The path, as it was named.
        path: String,
    },
}

impl Error {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Several { .. } => "name one of them",
            Self::NoMachineNamed => "as in `web:/etc`; or name the machine with `--to` or `--from`",
            Self::TwoMachines { .. } => "copy here first, and then from here",
            Self::BothSides => "as in `nixops scp FILE… web:/etc`, or `nixops scp web:/etc/FILE .`",
            Self::NoProgram { .. } => "install it, and see that it is in PATH",
            Self::NotInStore { .. } => {
                "a path begins with /nix/store, or is a link to one that does"
            }
            Self::Nobody => "add one to the network, and deploy it",
            Self::NoSsh { .. } => "`nixops exec` runs commands there all the same",
        };
        Some(hint.to_owned())
    }
}
