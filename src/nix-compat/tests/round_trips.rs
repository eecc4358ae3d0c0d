//! Whatever can be written is read again as it was.

use nix_compat::flakeref::{Attribute, FlakeRef, Repository, Source};
use nix_compat::log::{Field, Line, LogMessage, Message, Position, Trace, parse_line, strip_ansi};
use nix_compat::nixbase32;
use nix_compat::nixhash::{HashAlgo, NixHash};
use nix_compat::store_path::StorePath;
use proptest::prelude::*;

fn hash() -> impl Strategy<Value = NixHash> {
    any::<[u8; 32]>().prop_map(|digest| {
        NixHash::from_algo_and_digest(HashAlgo::Sha256, &digest).expect("a hash")
    })
}

fn branch() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9_+-][a-zA-Z0-9_+-]{0,8}(/[a-z][a-z0-9#%&=é-]{0,8}){0,2}"
        .prop_filter("a revision", |name| name.len() < 40)
}

fn repository() -> impl Strategy<Value = Repository> {
    let host = prop::option::of("[a-z]{1,8}\\.org");
    ("[~]?[a-zA-Z0-9_-]{1,8}", "[a-zA-Z0-9._-]{1,8}", host)
        .prop_map(|(owner, repo, host)| Repository { owner, repo, host })
}

fn url(ending: &'static str) -> impl Strategy<Value = String> {
    (
        "(https?|file)",
        "[a-z]{1,8}(/[a-zA-Z0-9_~-]{1,8}){0,3}",
        "(\\?[a-z]{1,3}x=[a-z0-9+]{0,4})?",
    )
        .prop_map(move |(scheme, place, query)| format!("{scheme}://{place}{ending}{query}"))
}

fn source() -> impl Strategy<Value = Source> {
    prop_oneof![
        "[a-zA-Z][a-zA-Z0-9_-]{0,8}".prop_map(|id| Source::Indirect { id }),
        repository().prop_map(Source::GitHub),
        repository().prop_map(Source::GitLab),
        repository().prop_map(Source::SourceHut),
        url("").prop_map(|url| Source::Git { url }),
        url("").prop_map(|url| Source::Mercurial { url }),
        "\\.{0,2}(/[^\0]{1,8}){1,3}".prop_map(|path| Source::Path { path }),
        (url(".tar.gz"), url("")).prop_map(|(archive, other)| Source::Tarball {
            url: if archive.len() % 2 == 0 {
                archive
            } else {
                other
            }
        }),
        (url(".zip"), url("")).prop_map(|(archive, other)| Source::File {
            url: if archive.len() % 2 == 0 {
                archive
            } else {
                other
            }
        }),
    ]
}

/// References with all attributes that their kind has.
fn complete() -> impl Strategy<Value = FlakeRef> {
    let numbers = (
        prop::option::of(any::<u64>()),
        prop::option::of(any::<u64>()),
    );
    (
        source(),
        prop::option::of(branch()),
        prop::option::of("[0-9a-f]{40}"),
        prop::option::of("[^\0/][^\0]{0,12}"),
        prop::option::of(hash()),
        numbers,
        any::<[Option<bool>; 2]>(),
    )
        .prop_map(
            |(source, r#ref, rev, dir, nar_hash, numbers, [shallow, submodules])| {
                let mut reference = FlakeRef::new(source);
                (reference.r#ref, reference.rev, reference.dir) = (r#ref, rev, dir);
                reference.nar_hash = nar_hash;
                (reference.last_modified, reference.rev_count) = numbers;
                let switches = [("shallow", shallow), ("submodules", submodules)];
                for (name, value) in switches {
                    let value = value.map(Attribute::Bool);
                    reference
                        .other
                        .extend(value.map(|value| (name.to_owned(), value)));
                }
                reference
            },
        )
}

/// Leaves of a reference what its URL form has room for.
fn as_url_has_it(mut reference: FlakeRef) -> FlakeRef {
    let tree = matches!(
        reference.source,
        Source::Path { .. } | Source::Tarball { .. } | Source::File { .. }
    );
    let name = matches!(reference.source, Source::Indirect { .. });
    let forge = matches!(
        reference.source,
        Source::GitHub(_) | Source::GitLab(_) | Source::SourceHut(_)
    );
    let has_parts = reference
        .r#ref
        .as_ref()
        .is_some_and(|name| name.contains(['/', '#', '%', '&', '=', 'é']));
    if tree || (forge && reference.rev.is_some()) || (name && has_parts) {
        reference.r#ref = None;
    }
    if !tree {
        (reference.last_modified, reference.rev_count) = (None, None);
    }
    if !tree && !forge {
        reference.nar_hash = None;
    }
    if !matches!(reference.source, Source::Git { .. }) {
        reference.other.clear();
    }
    reference
}

fn position() -> impl Strategy<Value = Position> {
    let number = || prop::option::of(any::<u64>());
    (prop::option::of(any::<String>()), number(), number())
        .prop_map(|(file, line, column)| Position { file, line, column })
}

fn field() -> impl Strategy<Value = Field> {
    prop_oneof![
        any::<u64>().prop_map(Field::Int),
        any::<String>().prop_map(Field::String),
        any::<bool>().prop_map(|truth| Field::Other(truth.into())),
        (i64::MIN..0).prop_map(|number| Field::Other(number.into())),
    ]
}

fn message() -> impl Strategy<Value = LogMessage> {
    let fields = || prop::collection::vec(field(), 0..4);
    let trace =
        (any::<String>(), position()).prop_map(|(raw_msg, position)| Trace { raw_msg, position });
    let trace = prop::collection::vec(trace, 0..3);
    let raw_msg = prop::option::of(any::<String>());
    prop_oneof![
        any::<u64>().prop_map(|id| LogMessage::Stop { id }),
        any::<String>().prop_map(|phase| LogMessage::SetPhase { phase }),
        (any::<u64>(), 90..120_u64, fields()).prop_map(|(id, typ, fields)| LogMessage::Result {
            id,
            typ: typ.into(),
            fields
        }),
        (
            any::<[u64; 2]>(),
            0..9_u64,
            90..120_u64,
            any::<String>(),
            fields()
        )
            .prop_map(|([id, parent], level, typ, text, fields)| {
                let (level, typ) = (level.into(), typ.into());
                LogMessage::Start {
                    id,
                    level,
                    typ,
                    text,
                    fields,
                    parent,
                }
            }),
        (0..9_u64, any::<String>(), raw_msg, position(), trace).prop_map(
            |(level, msg, raw_msg, position, trace)| {
                let level = level.into();
                LogMessage::Msg(Message {
                    level,
                    msg,
                    raw_msg,
                    position,
                    trace,
                })
            }
        ),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn base_32(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        let text = nixbase32::encode(&bytes);
        prop_assert_eq!(text.len(), nixbase32::encode_len(bytes.len()));
        prop_assert_eq!(nixbase32::decode(&text), Ok(bytes));
    }

    #[test]
    fn hashes_in_every_form(hash in hash()) {
        let forms =
            [hash.to_sri_string(), hash.to_nix_nixbase32_string(), hash.to_nix_lowerhex_string()];
        for form in forms {
            prop_assert_eq!(NixHash::from_str(&form, None), Ok(hash.clone()));
        }
        let json = serde_json::to_string(&hash).expect("JSON");
        prop_assert_eq!(serde_json::from_str::<NixHash>(&json).expect("a hash"), hash);
    }

    #[test]
    fn store_paths(digest: [u8; 20], name in "[a-zA-Z0-9+_?=-][a-zA-Z0-9+_?=.-]{0,40}") {
        let path = StorePath::from_name_and_digest_fixed(&name, digest).expect("a store path");
        prop_assert_eq!(path.to_string().parse::<StorePath>(), Ok(path.clone()));
        let json = serde_json::to_string(&path).expect("JSON");
        prop_assert_eq!(serde_json::from_str::<StorePath>(&json).expect("a path"), path.clone());
        prop_assert_eq!((path.name(), path.digest()), (&*name, &digest));
    }

    #[test]
    fn flake_references_as_attributes(reference in complete()) {
        let json = serde_json::to_string(&reference).expect("JSON");
        prop_assert_eq!(serde_json::from_str::<FlakeRef>(&json).expect("a reference"), reference);
    }

    #[test]
    fn flake_references_as_urls(reference in complete().prop_map(as_url_has_it)) {
        let text = reference.to_string();
        let again = text.parse::<FlakeRef>();
        prop_assert_eq!(again, Ok(reference), "{}", text);
    }

    #[test]
    fn flake_references_from_any_text(text in "([a-z+]{1,8}:)?[a-zA-Z0-9./?=&%#~:@-]{0,30}") {
        if let Ok(reference) = text.parse::<FlakeRef>() {
            let written = reference.to_string();
            prop_assert_eq!(written.parse::<FlakeRef>(), Ok(reference), "{} as {}", text, written);
        }
    }

    #[test]
    fn log_messages(message in message()) {
        let line = message.to_json_str().expect("JSON");
        prop_assert_eq!(parse_line(&line), Line::Message(message));
    }

    #[test]
    fn any_line_is_text_or_a_message(line in any::<String>()) {
        prop_assert_eq!(parse_line(&line), Line::Text(&line));
    }

    #[test]
    fn text_without_escapes_stays_as_it_is(
        words in prop::collection::vec("[^\u{1b}]{0,8}", 0..6),
        sequence in "\u{1b}(\\[[0-9;]{0,4}m|\\]8;;[a-z]{0,4}(\u{7}|\u{1b}\\\\)|\\(B|M)",
    ) {
        let coloured = words.join(&sequence);
        prop_assert_eq!(strip_ansi(&coloured), words.concat());
    }
}
