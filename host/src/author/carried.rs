//! What the binary carries for new plugins: the Rust SDK, the contract, and the versions they were tested with.

include!(concat!(env!("OUT_DIR"), "/carried.rs"));
