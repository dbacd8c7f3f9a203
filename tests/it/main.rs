//! The integration tests, in one binary. A test over the database runs on SQLite and on PostgreSQL.

#[macro_use]
mod support;

mod app;
mod http;
mod store;
mod walls;
