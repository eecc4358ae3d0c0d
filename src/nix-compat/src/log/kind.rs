//! The numbers in messages, and their names.

use serde::{Deserialize, Serialize};

/// Makes an enumeration that is a number in JSON and keeps numbers without a name.
macro_rules! numbered {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $number:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(from = "u64", into = "u64")]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
            /// A kind of another version of Nix.
            Other(u64),
        }

        impl From<u64> for $name {
            fn from(number: u64) -> Self {
                match number {
                    $($number => Self::$variant,)*
                    other => Self::Other(other),
                }
            }
        }

        impl From<$name> for u64 {
            fn from(kind: $name) -> Self {
                match kind {
                    $($name::$variant => $number,)*
                    $name::Other(number) => number,
                }
            }
        }
    };
}

numbered! {
    /// What kind of work an activity is.
    ActivityType {
        /// Of no kind.
        Unknown = 0,
        /// One store path is copied: path, source, destination.
        CopyPath = 100,
        /// A file is downloaded: URL.
        FileTransfer = 101,
        /// What is needed is realised.
        Realise = 102,
        /// Several paths are copied.
        CopyPaths = 103,
        /// Several derivations are built.
        Builds = 104,
        /// One derivation is built: derivation, host, round, rounds.
        Build = 105,
        /// The store is optimised.
        OptimiseStore = 106,
        /// Paths are verified.
        VerifyPaths = 107,
        /// A path is substituted: path, substituter.
        Substitute = 108,
        /// A substituter is asked about a path: path, substituter.
        QueryPathInfo = 109,
        /// The hook runs that follows a build: derivation.
        PostBuildHook = 110,
        /// Another process is waited for, such as one that builds the same.
        BuildWaiting = 111,
        /// A flake input or other tree is fetched.
        FetchTree = 112,
    }
}

numbered! {
    /// What an activity reports.
    ResultType {
        /// Two identical files were made one: bytes won, blocks won.
        FileLinked = 100,
        /// A line of a build's output.
        BuildLogLine = 101,
        /// A path that nobody vouches for: path.
        UntrustedPath = 102,
        /// A path whose content is not what it was: path.
        CorruptedPath = 103,
        /// A builder entered a phase: phase.
        SetPhase = 104,
        /// How far the activity is: done, expected, running, failed.
        Progress = 105,
        /// How much of a kind of work is expected: kind, amount.
        SetExpected = 106,
        /// A line of the output of the hook that follows a build.
        PostBuildLogLine = 107,
        /// What is being fetched.
        FetchStatus = 108,
    }
}

numbered! {
    /// How much a user must want to know to be told.
    #[derive(Default)]
    VerbosityLevel {
        /// Failures.
        Error = 0,
        /// What may well be wrong.
        Warn = 1,
        /// What should be known.
        Notice = 2,
        /// What is done.
        #[default]
        Info = 3,
        /// More of it (`-v`).
        Talkative = 4,
        /// Still more of it (`-vv`).
        Chatty = 5,
        /// For who works on Nix (`-vvv`).
        Debug = 6,
        /// Everything (`-vvvv`).
        Vomit = 7,
    }
}
