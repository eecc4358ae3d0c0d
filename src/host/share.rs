//! What all machines know of each other, put where each finds it.

use crate::network::Addresses;

use super::{Host, Remote, Result};

impl Host {
    /// Writes `network.json` and `known_hosts` into `/var/lib/nixops`, each whole or not at all, unless
    /// the host has them already.
    pub fn share(&self, addresses: &Addresses) -> Result<()> {
        if self.look().network == Some(addresses.digest()) {
            return Ok(());
        }
        let text = addresses.to_text();
        let script = format!(
            "umask 022 && mkdir -p /var/lib/nixops && cd /var/lib/nixops && head -c {} > .network.json \
             && cat > .known_hosts && mv .known_hosts known_hosts && mv .network.json network.json",
            text.len()
        );
        let both = text + &addresses.known_hosts();
        let action = "telling it the addresses of the network";
        let remote = Remote::script(action, script);
        self.succeed(remote.stdin(both.as_bytes()).elevated())
            .map(drop)
    }
}
