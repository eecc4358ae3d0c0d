use nix_compat::nixbase32;
use nix_compat::nixhash::{HashAlgo, NixHash};

use crate::sandbox::Sandbox;

const ALGORITHMS: [(HashAlgo, usize); 4] = [
    (HashAlgo::Md5, 16),
    (HashAlgo::Sha1, 20),
    (HashAlgo::Sha256, 32),
    (HashAlgo::Sha512, 64),
];

fn digest(length: usize) -> Vec<u8> {
    (0..length)
        .map(|index| u8::try_from(index * 37 % 251).expect("a byte"))
        .collect()
}

#[test]
fn every_form_is_written_as_nix_writes_it() {
    let sandbox = Sandbox::new();
    for (algo, length) in ALGORITHMS {
        let hash = NixHash::from_algo_and_digest(algo, &digest(length)).expect("a hash");
        let (name, sri) = (algo.to_string(), hash.to_sri_string());
        let convert = |form: &str| sandbox.text("nix", &["hash", form, &sri]);
        let prefix = |text: String| format!("{name}:{text}");
        assert_eq!(hash.to_nix_lowerhex_string(), prefix(convert("to-base16")));
        assert_eq!(hash.to_nix_nixbase32_string(), prefix(convert("to-base32")));
        assert_eq!(
            sri,
            sandbox.text("nix", &["hash", "to-sri", &hash.to_nix_lowerhex_string()])
        );
        assert_eq!(convert("to-base32"), nixbase32::encode(&digest(length)));
    }
}

#[test]
fn texts_are_hashes_where_they_are_for_nix() {
    let sandbox = Sandbox::new();
    let sri = "sha256-XfGQbVzBJ16Z1VRub+tLUDgaacX8m4FfxmQguXnFKK4=";
    let hash = NixHash::from_sri(sri).expect("a hash");
    let base16 = hash.to_nix_lowerhex_string();
    let base32 = hash.to_nix_nixbase32_string();
    let texts = [
        sri,
        &sri[7..],
        &base16,
        &base16[7..],
        &base16[7..].to_uppercase(),
        &base32,
        &base32[7..],
        &base32[7..].to_uppercase(),
        &sri.replace('=', ""),
        &sri.replace('+', "-"),
        &sri.replacen("sha256", "sha512", 1),
        &sri.replacen("sha256", "sha1", 1),
        &sri.replacen("sha256-", "sha257-", 1),
        &sri.replace("XfG", "!!!"),
        &base32.replacen("sha256:", "sha256:z", 1),
        &base32.replace(&base32[8..12], "eout"),
        "sha256-",
        "sha256:",
        "",
    ];
    for text in texts {
        let ours = NixHash::from_str(text, Some(HashAlgo::Sha256));
        let output = sandbox.run("nix", &["hash", "to-sri", "--type", "sha256", text]);
        assert_eq!(ours.is_ok(), output.status.success(), "'{text}': {ours:?}");
        if let Ok(ours) = ours {
            let theirs = String::from_utf8_lossy(&output.stdout);
            assert_eq!(ours.to_sri_string(), theirs.trim_end(), "'{text}'");
        }
    }
}

#[test]
fn a_hash_of_another_algorithm_is_refused() {
    let error = NixHash::from_str(
        "md5:d41d8cd98f00b204e9800998ecf8427e",
        Some(HashAlgo::Sha256),
    );
    let message = error.expect_err("another algorithm").to_string();
    assert_eq!(
        message,
        "'md5:d41d8cd98f00b204e9800998ecf8427e' is no sha256 hash"
    );
    let error = NixHash::from_algo_and_digest(HashAlgo::Sha1, &[0; 3]).expect_err("too short");
    assert_eq!(error.to_string(), "a sha1 digest has 20 bytes, not 3");
}
