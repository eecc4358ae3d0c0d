//! Plugins: typed manifests, and the conversation with providers.
