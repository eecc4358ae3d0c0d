//! What is left of a server.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use serde_json::Value;

use super::Laptop;

/// The directory of the host that a server is.
pub fn host_directory(laptop: &Laptop, id: &str) -> PathBuf {
    host_directory_in(&laptop.home(), id)
}

/// The same in any cloud.
pub fn host_directory_in(home: &Path, id: &str) -> PathBuf {
    let path = home.join("servers").join(id).join("running.json");
    let running: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    PathBuf::from(running["rig"].as_str().unwrap())
}

/// Processes and mounts that name a directory.
pub fn of(directory: &Path) -> Vec<String> {
    let directory = directory.to_str().unwrap();
    let mut remains = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        for file in ["cmdline", "environ", "mountinfo"] {
            let text = fs::read(entry.path().join(file)).unwrap_or_default();
            if String::from_utf8_lossy(&text).contains(directory) {
                remains.push(format!("{}/{file}", entry.path().display()));
            }
        }
    }
    remains
}

/// Waits until nothing is left.
pub fn wait_until_gone(directory: &Path) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while directory.exists() || !of(directory).is_empty() {
        let left = of(directory);
        assert!(
            Instant::now() < deadline,
            "{} is still there: {left:?}",
            directory.display()
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}
