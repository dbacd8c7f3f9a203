//! The measurements that the README's figures come from. Each is set beside a raw limit of the same run on the same
//! machine, or beside the same thing on a small scale: absolute figures say more about a disk than about a program.

use std::path::PathBuf;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::demo::Failure;

mod courier;
mod figures;
mod fold;
mod load;
mod mail;
mod page;
mod photos;
mod replay;
mod rest;
mod stand;
mod steady;
mod stock;
mod throughput;

pub use figures::Figures;

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name {
    Throughput,
    Postgres,
    Steady,
    Rest,
    Fold,
    Photos,
    Page,
    Courier,
    Mail,
}

impl Name {
    pub const ALL: [Name; 9] = [
        Name::Throughput,
        Name::Postgres,
        Name::Steady,
        Name::Rest,
        Name::Fold,
        Name::Photos,
        Name::Page,
        Name::Courier,
        Name::Mail,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Name::Throughput => "throughput",
            Name::Postgres => "postgres",
            Name::Steady => "steady",
            Name::Rest => "rest",
            Name::Fold => "fold",
            Name::Photos => "photos",
            Name::Page => "page",
            Name::Courier => "courier",
            Name::Mail => "mail",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|name| name.as_str() == text)
    }
}

/// How it is measured.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many pieces lie in the database of the steady load, how many fingerprints are searched, and how many letters
    /// are sent at the most.
    pub pieces: usize,
    /// How long each load lasts.
    pub seconds: u64,
    pub database_url: Option<String>,
    /// Writers on PostgreSQL; else as many as a service has by itself.
    pub writers: Option<u16>,
    /// On the disk of this folder; else where temporary files are kept.
    pub data: Option<PathBuf>,
}

/// Takes one measurement. Every load is bounded and ends by itself.
pub async fn measure(name: Name, options: &Options, progress: &Progress) -> Result<Figures, Failure> {
    match name {
        Name::Throughput => throughput::sqlite(options, progress).await,
        Name::Postgres => throughput::postgres(options, progress).await,
        Name::Steady => steady::measure(options, progress).await,
        Name::Rest => rest::measure(options, progress).await,
        Name::Fold => fold::measure(options, progress).await,
        Name::Photos => photos::measure(options, progress).await,
        Name::Page => page::measure(options, progress).await,
        Name::Courier => courier::measure(options, progress).await,
        Name::Mail => mail::measure(options, progress).await,
    }
}

/// What a person at a terminal sees meanwhile; nothing where there is none.
pub struct Progress(ProgressBar);

impl Progress {
    pub fn new() -> Self {
        let bar = ProgressBar::new_spinner();
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(bar)
    }

    pub fn say(&self, what: &str) {
        self.0.set_message(what.to_owned());
    }

    /// A bar for something that has an end.
    pub fn bar(&self, what: &'static str, length: u64) -> ProgressBar {
        let bar = ProgressBar::new(length).with_message(what);
        match ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}, {eta} left") {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        }
    }

    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}
