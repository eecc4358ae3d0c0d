//! What a host has in its store.

use camino::Utf8Path;

use super::{Host, Remote, Result};
use crate::nix::StorePathSize;

/// Lists what `$1` needs, and then how large each of it is, in the same order.
///
/// One line without single quotes, as [`SCRIPT`](super::look::SCRIPT).
const SCRIPT: &str = r#"paths=$(nix-store --query --requisites "$1") && echo "$paths" && nix-store --query --size $paths"#;

impl Host {
    /// All paths that a valid path of the host's store needs, itself among them, each with its size.
    pub fn closure(&self, path: &Utf8Path) -> Result<Vec<StorePathSize>> {
        let words = ["sh", "-c", SCRIPT, "nixops", path.as_str()];
        let output = self.succeed(Remote::argv("listing what its system needs", words))?;
        Ok(read(&output.stdout_text()))
    }
}

fn read(text: &str) -> Vec<StorePathSize> {
    let (paths, sizes): (Vec<&str>, Vec<&str>) =
        text.lines().partition(|line| line.starts_with('/'));
    let sizes = sizes
        .into_iter()
        .filter_map(|line| line.trim().parse().ok());
    let all = paths.into_iter().zip(sizes);
    let all = all.map(|(path, size)| StorePathSize {
        path: path.into(),
        size,
    });
    all.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_have_their_sizes() {
        let all = read("/nix/store/a\n/nix/store/b\n12\n7\n");
        let all: Vec<_> = all
            .iter()
            .map(|one| (one.path.as_str(), one.size))
            .collect();
        assert_eq!(all, [("/nix/store/a", 12), ("/nix/store/b", 7)]);
    }
}
