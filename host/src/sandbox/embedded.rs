//! The plugins that are part of the binary, as the build script made them.

use std::io::Read;

use flate2::read::ZlibDecoder;

/// A component with what is known of it without running it.
pub(super) struct Embedded {
    pub name: &'static str,
    /// The component as zlib packs it.
    pub packed: &'static [u8],
    /// How many bytes the component has when it is unpacked.
    pub size: usize,
    /// sha256 of the component, in lower-case hexadecimal.
    pub digest: &'static str,
    /// The plugin's description as JSON; a test holds it equal to what the component says.
    pub description: &'static str,
}

impl Embedded {
    /// The component.
    pub fn component(&self) -> Vec<u8> {
        let mut component = Vec::with_capacity(self.size);
        ZlibDecoder::new(self.packed)
            .read_to_end(&mut component)
            .expect("the build script packed it");
        component
    }
}

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
