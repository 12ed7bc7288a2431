//! The plugins that are part of the binary, as the build script made them.

/// A component with what is known of it without running it.
pub(super) struct Embedded {
    pub name: &'static str,
    pub component: &'static [u8],
    /// sha256 of the component, in lower-case hexadecimal.
    pub digest: &'static str,
    /// The plugin's description as JSON; a test holds it equal to what the component says.
    pub description: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
