//! A real server on a free port, spoken to packet by packet, with its spans collected.

mod broadcast;
mod client;
mod connect;
mod disabled;
mod emit;
mod handlers;
mod joining;
mod limits;
mod requests;
mod server;
mod spans;
