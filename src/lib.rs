//! Touchstone (试金石): official authenticity for live commerce.

pub mod aside;
pub mod audit;
pub mod bench;
pub mod capsule;
pub mod carriers;
pub mod client;
pub mod clock;
pub mod clockwork;
pub mod config;
pub mod courier;
pub mod demo;
pub mod desk;
pub mod domain;
pub mod http;
pub mod instruments;
pub mod mail;
pub mod photos;
pub mod qic;
pub mod rulebook;
pub mod shown;
pub mod spoken;
pub mod station;
pub mod store;
pub mod telemetry;
pub mod vault;
pub mod words;
