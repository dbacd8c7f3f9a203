//! The command line.

use std::process::ExitCode;

mod cli;

/// Many small things are made on one thread and dropped on another, which costs the system's allocator a quarter of a
/// busy service's time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::run()
}
