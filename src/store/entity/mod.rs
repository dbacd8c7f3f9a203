//! One module a table, as `migrations` makes it.
//!
//! A column whose name ends in `_at` (and `at` itself) is an instant in UTC: microseconds since the Unix epoch.
//! Relations are not declared: a journal is read by its key, and nothing here is loaded by following a row.

pub mod capsules;
pub mod carriers;
pub mod cases;
pub mod certificate_codes;
pub mod certificate_holders;
pub mod components;
pub mod deadlines;
pub mod devices;
pub mod event_keys;
pub mod events;
pub mod fees;
pub mod found_proposals;
pub mod frames;
pub mod idempotency;
pub mod incidents;
pub mod keys;
pub mod laboratories;
pub mod legs;
pub mod lines;
pub mod lives;
pub mod lost_and_found;
pub mod lots;
pub mod merchants;
pub mod obligations;
pub mod order_nos;
pub mod orders;
pub mod outbox;
pub mod parcel_pieces;
pub mod parcels;
pub mod parked;
pub mod people;
pub mod photo_bands;
pub mod photos;
pub mod piece_codes;
pub mod pieces;
pub mod presented_certificates;
pub mod proposals;
pub mod readings;
pub mod reference_pieces;
pub mod return_shipments;
pub mod roots;
pub mod sealed_texts;
pub mod seen;
pub mod shipments;
pub mod status_places;
pub mod tags;
pub mod tenants;
pub mod tokens;
pub mod transcripts;
pub mod tries;
pub mod warehouses;
pub mod waybills;
pub mod webhooks;
