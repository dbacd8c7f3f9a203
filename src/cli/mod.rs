//! The commands. Each does its work through the library and ends with a status: 0 done, 1 found wanting, 2 wrong use.

use std::fmt;
use std::future::Future;
use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use serde::Serialize;
use touchstone::config::Problems;
use touchstone::demo::{self, Failure, Outcome};
use touchstone::{desk, store};

mod backup;
mod balance;
mod bench_command;
mod claims;
mod demo_command;
mod input;
mod journal;
mod key;
mod mail;
mod open;
mod owed;
mod person;
mod place;
mod qic;
mod serve;
mod text_lines;
mod verify;

/// Official authenticity for live commerce: each piece is inspected, and checked against what was said of it, before
/// it reaches its buyer.
#[derive(Debug, Parser)]
#[command(name = "touchstone", version, arg_required_else_help = true, after_help = EXAMPLES)]
struct Touchstone {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "Examples:
  touchstone demo
  touchstone serve --data-dir /var/lib/touchstone

Exit status: 0 done, 1 found wanting, 2 wrong use. The two secrets come from the environment
(TOUCHSTONE_MASTER_KEY, TOUCHSTONE_SIGNING_KEY) or the settings file, never from flags.";

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo_command::Demo),
    Serve(serve::Serve),
    Migrate(serve::Migrate),
    /// Keys: who may call, in which role
    #[command(subcommand, after_help = key::EXAMPLES)]
    Key(key::Key),
    /// Warehouses: where pieces are inspected
    #[command(subcommand, after_help = place::WAREHOUSE_EXAMPLES)]
    Warehouse(place::Warehouse),
    /// Laboratories: who certifies
    #[command(subcommand, after_help = place::LABORATORY_EXAMPLES)]
    Laboratory(place::Laboratory),
    /// Devices: balances and other instruments of a warehouse
    #[command(subcommand, after_help = place::DEVICE_EXAMPLES)]
    Device(place::Device),
    /// Carriers: whose pushes are taken
    #[command(subcommand, after_help = owed::CARRIER_EXAMPLES)]
    Carrier(owed::Carrier),
    /// Balances: read one and post what it shows
    #[command(subcommand, after_help = balance::EXAMPLES)]
    Balance(balance::Balance),
    /// People whose data is kept
    #[command(subcommand, after_help = person::EXAMPLES)]
    Person(person::Person),
    /// Letters: look at every one that is sent
    #[command(subcommand, after_help = mail::EXAMPLES)]
    Mail(mail::Mail),
    Backup(backup::Backup),
    Restore(backup::Restore),
    Bench(bench_command::Bench),
    /// Claims: what a seller says of a piece
    #[command(subcommand, after_help = claims::EXAMPLES)]
    Claims(claims::Claims),
    /// Journals: check them, make the projections anew, take them elsewhere
    #[command(subcommand, after_help = journal::EXAMPLES)]
    Journal(journal::Journal),
    /// Read what others wrote: a warehouse's own export
    #[command(subcommand, after_help = qic::IMPORT_EXAMPLES)]
    Import(qic::Import),
    /// Write our pieces for others: in the columns of a warehouse's export
    #[command(subcommand, after_help = qic::EXPORT_EXAMPLES)]
    Export(qic::Export),
    Verify(Box<verify::Verify>),
    Openapi(serve::Openapi),
}

/// Reads the command line and does what it says.
pub fn run() -> ExitCode {
    let touchstone = Touchstone::parse();
    let done = match touchstone.command {
        Command::Demo(command) => command.run(),
        Command::Serve(command) => command.run(),
        Command::Migrate(command) => command.run(),
        Command::Key(command) => command.run(),
        Command::Warehouse(command) => command.run(),
        Command::Laboratory(command) => command.run(),
        Command::Device(command) => command.run(),
        Command::Carrier(command) => command.run(),
        Command::Balance(command) => command.run(),
        Command::Person(command) => command.run(),
        Command::Mail(command) => command.run(),
        Command::Backup(command) => command.run(),
        Command::Restore(command) => command.run(),
        Command::Bench(command) => command.run(),
        Command::Claims(command) => command.run(),
        Command::Journal(command) => command.run(),
        Command::Import(command) => command.run(),
        Command::Export(command) => command.run(),
        Command::Verify(command) => command.run(),
        Command::Openapi(command) => command.run(),
    };
    match done {
        Ok(Outcome::Good) => ExitCode::SUCCESS,
        Ok(Outcome::Wanting) => ExitCode::from(1),
        Err(trouble) => {
            let _ = writeln!(io::stderr(), "touchstone: {trouble}");
            ExitCode::from(trouble.status())
        }
    }
}

type Done = Result<Outcome, Trouble>;

/// Why a command was not done.
#[derive(Debug)]
enum Trouble {
    /// It was asked in a way that cannot be done.
    Usage(String),
    /// It was tried, and something stood in the way.
    Failed(String),
}

impl Trouble {
    fn status(&self) -> u8 {
        match self {
            Trouble::Usage(_) => 2,
            Trouble::Failed(_) => 1,
        }
    }

    fn failed(what: &str, error: &dyn std::error::Error) -> Self {
        Trouble::Failed(Failure::of(what, error).0)
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Usage(sentence) | Trouble::Failed(sentence) => f.write_str(sentence),
        }
    }
}

impl From<Failure> for Trouble {
    fn from(Failure(sentence): Failure) -> Self {
        Trouble::Failed(sentence)
    }
}

impl From<Problems> for Trouble {
    fn from(problems: Problems) -> Self {
        Trouble::Usage(problems.to_string())
    }
}

impl From<store::Error> for Trouble {
    fn from(error: store::Error) -> Self {
        Trouble::failed("the database did not do as it was asked", &error)
    }
}

impl From<desk::Error> for Trouble {
    fn from(error: desk::Error) -> Self {
        match error {
            desk::Error::Refused(refusal) => Trouble::Failed(refusal.sentence()),
            desk::Error::Busy | desk::Error::Fault { .. } => {
                Trouble::failed("the desk did not do as it was asked", &error)
            }
        }
    }
}

/// Runs a command's work on as many threads as there are cores.
fn block_on(work: impl Future<Output = Done>) -> Done {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        // Photos are written here, a few at a time; each thread that waits costs memory.
        .max_blocking_threads(16)
        .thread_keep_alive(std::time::Duration::from_secs(2))
        .build()
        .map_err(|error| Trouble::failed("the runtime cannot start", &error))?;
    runtime.block_on(work)
}

/// A line on standard output. Whoever closed it does not want to read on, which is no fault.
fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}

fn say_json(value: &impl Serialize) -> Result<(), Trouble> {
    let text = serde_json::to_string(value).map_err(|error| Trouble::failed("the answer cannot be written", &error))?;
    say(&text);
    Ok(())
}

/// Rows in columns, with a heading.
fn say_table<const N: usize>(heading: [&str; N], rows: &[[String; N]]) {
    let mut widths = heading.map(demo::width);
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(demo::width(cell));
        }
    }
    let heading = heading.map(str::to_owned);
    for row in std::iter::once(&heading).chain(rows) {
        let cells: Vec<_> = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell}{}", " ".repeat(width.saturating_sub(demo::width(cell)))))
            .collect();
        say(cells.join("  ").trim_end());
    }
}

/// Until somebody asks to stop: Ctrl-C, or SIGTERM. Both are heard from the call on, not only once it is waited for.
fn told_to_stop() -> impl Future<Output = ()> + Send + 'static {
    #[cfg(unix)]
    let heard = {
        use tokio::signal::unix::{SignalKind, signal};
        [SignalKind::interrupt(), SignalKind::terminate()].map(signal)
    };
    async move {
        #[cfg(unix)]
        if let [Ok(mut interrupted), Ok(mut terminated)] = heard {
            tokio::select! {
                _ = interrupted.recv() => {}
                _ = terminated.recv() => {}
            }
            return;
        }
        drop(tokio::signal::ctrl_c().await);
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent_and_every_command_shows_an_example() {
        let mut root = Touchstone::command();
        root.build();
        root.clone().debug_assert();
        let mut open = vec![root];
        while let Some(mut command) = open.pop() {
            let subcommands: Vec<_> =
                command.get_subcommands().filter(|sub| sub.get_name() != "help").cloned().collect();
            let help = command.render_long_help().to_string();
            assert!(help.contains("Example"), "touchstone {} shows no example", command.get_name());
            open.extend(subcommands);
        }
    }
}
