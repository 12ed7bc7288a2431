//! The end-to-end tests: the built program as its users meet it, and the shape of the source.

mod cli;
mod hostile;
mod seed;
mod tidy;
mod world;
