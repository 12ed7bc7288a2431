//! What a plugin's author asks for: to make one, to build it, to look at it, to try it and to test it.

mod check;
mod golden;
mod make;
mod trial;

pub use golden::GoldenRequest;
pub use trial::{TaskTrial, TrialRequest};
