//! Puts the Nix library into the binary, so that both are always of the same version.

use std::{env, fmt::Write as _, fs, io, path::Path};

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-changed=lib");
    let mut files = String::from("&[\n");
    embed(Path::new("lib"), &mut files)?;
    files.push(']');
    let output = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?;
    fs::write(Path::new(&output).join("library.rs"), files)
}

fn text(path: &Path) -> io::Result<&str> {
    let text = path.to_str();
    text.ok_or_else(|| io::Error::other(format!("{} is not UTF-8", path.display())))
}

/// Lists the files below a directory in a stable order, as pairs of path and content.
fn embed(directory: &Path, files: &mut String) -> io::Result<()> {
    let mut paths: Vec<_> = fs::read_dir(directory)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    paths.sort();
    for path in paths {
        if path.is_dir() {
            embed(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "nix") {
            let inside = path.strip_prefix("lib").map_err(io::Error::other)?;
            let absolute = path.canonicalize()?;
            let (inside, absolute) = (text(inside)?, text(&absolute)?);
            writeln!(files, "({inside:?}, include_str!({absolute:?})),")
                .map_err(io::Error::other)?;
        }
    }
    Ok(())
}
