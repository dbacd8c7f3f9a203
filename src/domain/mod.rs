//! The rules, pure: values in, values out. No file, socket, clock or random source is known here, so nothing in this
//! room can fail for outside reasons.
//!
//! Reading order: [`ids`] and [`quantity`] are the words; [`event`] what can happen; [`route`] the machine that judges
//! it; [`evidence`] what a released piece stands on; [`piece`] and [`order`] what a journal folds to; [`command`] what
//! may be asked, and the decision.

pub mod actor;
pub mod appraisal;
pub mod cases;
pub mod certificate;
pub mod command;
pub mod conduct;
pub mod deadline;
mod decide;
pub mod event;
pub mod evidence;
pub mod fingerprint;
pub mod ids;
pub mod ledger;
pub mod looks;
pub mod merge;
pub mod notice;
pub mod obligation;
pub mod order;
pub mod orders;
pub mod piece;
pub mod quantity;
pub mod refusal;
pub mod returned;
pub mod route;
#[cfg(test)]
pub(crate) mod samples;
pub mod sidelines;
pub mod text;
pub mod transit;
