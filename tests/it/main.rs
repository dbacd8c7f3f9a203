//! The integration tests, in one binary: it links once. A test over the database runs on SQLite and on PostgreSQL.

#[macro_use]
mod support;

mod app;
mod auth;
mod browser;
mod capsule;
mod carriers;
mod cells;
mod certificates;
mod claims;
mod clockwork;
mod compile_fail;
mod conduct;
mod courier;
mod demo;
mod derived;
mod desk;
mod dying;
mod erase;
mod http;
mod journey;
mod kill;
mod looks;
mod mail;
mod owed;
mod pages;
mod photos;
mod privacy;
mod property;
mod qic;
mod rebuild;
mod replay;
mod restore;
mod secrets;
mod sidelines;
mod spoken;
mod stages;
mod store;
mod table;
mod tamper;
mod tidy;
mod verdicts;
mod walk;
mod walls;
mod world;
