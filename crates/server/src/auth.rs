//! Who calls: users with access keys, or, while there are none, the programs of this machine.
//!
//! `gate.rs` is the door; the rest is what it decides by. What a caller may do is decided in `caller.rs`.

mod basic;
pub(crate) mod bearer;
pub(crate) mod exposure;
pub(crate) mod gate;
pub(crate) mod key_pair;
pub(crate) mod origin;
pub(crate) mod sealing;
pub(crate) mod secret;
pub(crate) mod service;
pub mod signature;
pub(crate) mod temporary;
pub(crate) mod users;
