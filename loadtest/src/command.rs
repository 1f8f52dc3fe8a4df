//! The commands of the program: what is done with what the command line says.
//!
//! Owns the way from settings to a stage, a script and written results. Leaves reading the command line
//! to `main`.

pub mod again;
pub mod error;
pub mod faults;
pub mod play;
mod results;
mod table;
mod terminal;
