//! The integration tests, in one binary. A test over the database runs on SQLite and on PostgreSQL.

#[macro_use]
mod support;

mod app;
mod auth;
mod http;
mod journey;
mod kill;
mod privacy;
mod store;
mod tidy;
mod walk;
mod walls;
