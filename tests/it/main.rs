//! The integration tests, in one binary: it links once. A test over the database runs on SQLite and on PostgreSQL.

#[macro_use]
mod support;

mod app;
mod auth;
mod compile_fail;
mod http;
mod journey;
mod kill;
mod privacy;
mod property;
mod store;
mod tidy;
mod walk;
mod walls;
