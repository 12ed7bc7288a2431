//! The rooms of begat. `ARCHITECTURE.md` shows the way through them.

pub mod model;
