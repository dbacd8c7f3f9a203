//! Where a test may stop a courier as if its machine had died: before and after everything that it writes or sends.

use std::sync::Arc;

/// A step of the courier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Point {
    BeforeSpread,
    AfterSpread,
    BeforeLease,
    AfterLease,
    BeforeSend,
    AfterSend,
    BeforeMark,
    AfterMark,
    BeforeNote,
    AfterNote,
    AfterNoted,
}

impl Point {
    pub const ALL: [Point; 11] = [
        Point::BeforeSpread,
        Point::AfterSpread,
        Point::BeforeLease,
        Point::AfterLease,
        Point::BeforeSend,
        Point::AfterSend,
        Point::BeforeMark,
        Point::AfterMark,
        Point::BeforeNote,
        Point::AfterNote,
        Point::AfterNoted,
    ];
}

/// What becomes of a courier at a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    GoOn,
    Die,
}

/// Asked at every step.
pub type Probe = Arc<dyn Fn(Point) -> Fate + Send + Sync>;

/// Nobody stops it.
pub(super) fn none() -> Probe {
    Arc::new(|_| Fate::GoOn)
}
