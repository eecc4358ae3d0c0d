//! Where what outlives a run is kept.

use anyhow::{Context as _, Result};
use camino::Utf8PathBuf;
use etcetera::BaseStrategy as _;

/// Where what belongs to the user alone is kept: `$XDG_CONFIG_HOME/nixops`.
pub fn config_directory() -> Result<Utf8PathBuf> {
    let strategy = etcetera::base_strategy::Xdg::new().context("while looking for a home")?;
    let directory = strategy.config_dir().join("nixops");
    Utf8PathBuf::from_path_buf(directory)
        .map_err(|path| anyhow::anyhow!("{} is not UTF-8", path.display()))
}

/// Where it is remembered how fast hosts were copied to.
pub fn rates() -> Option<Utf8PathBuf> {
    cache_directory()
        .ok()
        .map(|directory| directory.join("rates"))
}

/// Where what can be found out anew is kept: `$XDG_CACHE_HOME/nixops`.
pub fn cache_directory() -> Result<Utf8PathBuf> {
    let strategy = etcetera::base_strategy::Xdg::new().context("while looking for a home")?;
    let directory = strategy.cache_dir().join("nixops");
    Utf8PathBuf::from_path_buf(directory)
        .map_err(|path| anyhow::anyhow!("{} is not UTF-8", path.display()))
}

/// Where what must outlive a run is kept: `$XDG_STATE_HOME/nixops`.
pub fn state_directory() -> Result<Utf8PathBuf> {
    let strategy = etcetera::base_strategy::Xdg::new().context("while looking for a home")?;
    let directory = strategy
        .state_dir()
        .context("there is no directory for state")?
        .join("nixops");
    Utf8PathBuf::from_path_buf(directory)
        .map_err(|path| anyhow::anyhow!("{} is not UTF-8", path.display()))
}
