//! Lines and orders: derived from their pieces, never set.

use std::sync::Arc;

use super::event::{OrderPlaced, Outcome, Ship};
use super::route::Stage;

/// What a line shows (`journey.md`, "The machine"). The order of the variants is the order of progress; the last three
/// are ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LineStatus {
    Waiting,
    InVerification,
    NeedsBuyer,
    /// The merchant may send another piece.
    Resubmission,
    Passed,
    OnTheWay,
    Delivered,
    Done,
    Failed,
    Cancelled,
}

impl LineStatus {
    pub const ALL: [LineStatus; 10] = [
        LineStatus::Waiting,
        LineStatus::InVerification,
        LineStatus::NeedsBuyer,
        LineStatus::Resubmission,
        LineStatus::Passed,
        LineStatus::OnTheWay,
        LineStatus::Delivered,
        LineStatus::Done,
        LineStatus::Failed,
        LineStatus::Cancelled,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            LineStatus::Waiting => "waiting",
            LineStatus::InVerification => "in_verification",
            LineStatus::NeedsBuyer => "needs_buyer",
            LineStatus::Resubmission => "resubmission",
            LineStatus::Passed => "passed",
            LineStatus::OnTheWay => "on_the_way",
            LineStatus::Delivered => "delivered",
            LineStatus::Done => "done",
            LineStatus::Failed => "failed",
            LineStatus::Cancelled => "cancelled",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// Whether something still happens on the line.
    pub fn is_open(self) -> bool {
        self < LineStatus::Done
    }

    /// What a line shows while this piece fills it, as if nothing could follow it. Where its merchant may send another,
    /// the line waits for that ([`Piece::line_status`](super::piece::Piece::line_status)).
    ///
    /// What the buyer refused at the door or sent back did not fail: the sale is undone, and the price is owed
    /// (`obligations.csv`). Until it is the same piece that came back, a return leaves the line delivered.
    pub fn of(stage: Stage, outcome: Option<Outcome>, course: Course) -> Self {
        let undone = course.cancelled || course.refused || course.delivered;
        let ended = if undone { LineStatus::Cancelled } else { LineStatus::Failed };
        match stage {
            Stage::AwaitingDispatch | Stage::Inbound => LineStatus::Waiting,
            Stage::IntakeException
            | Stage::Received
            | Stage::Appraising
            | Stage::SpokenReview
            | Stage::Undetermined
            | Stage::Failed => LineStatus::InVerification,
            Stage::Quarantined | Stage::ReturnInbound | Stage::ReturnIntake if course.refused => LineStatus::Cancelled,
            Stage::Quarantined if course.delivered => LineStatus::Delivered,
            Stage::Quarantined => LineStatus::InVerification,
            Stage::AwaitingBuyer => LineStatus::NeedsBuyer,
            Stage::Cleared | Stage::Tagged | Stage::Released => LineStatus::Passed,
            Stage::Outbound => LineStatus::OnTheWay,
            Stage::Delivered | Stage::ReturnInbound | Stage::ReturnIntake | Stage::ReturningToBuyer => {
                LineStatus::Delivered
            }
            Stage::Returning => ended,
            Stage::Closed => match outcome {
                Some(Outcome::Completed) => LineStatus::Done,
                Some(Outcome::Cancelled) => LineStatus::Cancelled,
                // Another piece came back: the buyer's own went to them again, and the sale stands.
                Some(Outcome::Lost) if course.kept => LineStatus::Done,
                Some(Outcome::Returned | Outcome::Unclaimed | Outcome::Lost | Outcome::HandedToAuthority) | None => {
                    ended
                }
            },
        }
    }
}

/// What of a piece's way its line's status depends on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Course {
    /// Somebody asked for its cancellation.
    pub cancelled: bool,
    /// The buyer refused it at the door.
    pub refused: bool,
    /// It was delivered to its buyer.
    pub delivered: bool,
    /// It goes to its buyer again, since another piece came back.
    pub kept: bool,
}

/// The status of an order: its least advanced open line; with none open, the best end that a line came to.
pub fn order_status(lines: impl IntoIterator<Item = LineStatus>) -> LineStatus {
    let lines: Vec<_> = lines.into_iter().collect();
    let open = lines.iter().copied().filter(|status| status.is_open()).min();
    open.or_else(|| lines.iter().copied().min()).unwrap_or(LineStatus::Cancelled)
}

/// A line is filled again at most so often (`journey.md`, "The machine").
pub const MAX_RESUBMISSIONS: i32 = 2;

/// Whether the buyer is asked if the rest of an order that ships together shall ship without a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rest {
    /// No question is open.
    #[default]
    Settled,
    Asked,
}

/// What a decision on one piece needs to know of its order.
#[derive(Clone, Debug)]
pub struct Order {
    pub placed: Arc<OrderPlaced>,
    /// Line numbers with what they show.
    pub lines: Vec<(i32, LineStatus)>,
    pub rest: Rest,
}

impl Order {
    /// The lines that hold back a passed piece of an order that ships together: those that are open and not passed.
    pub fn holds_back(&self, line_no: i32) -> Vec<i32> {
        match self.placed.ship {
            Ship::AsReady => Vec::new(),
            Ship::Together => self
                .lines
                .iter()
                .filter(|(other, status)| *other != line_no && *status < LineStatus::Passed)
                .map(|(other, _)| *other)
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_as_far_as_its_least_advanced_open_line() {
        use LineStatus::*;
        let check = |lines: &[LineStatus], expected| assert_eq!(order_status(lines.iter().copied()), expected);
        check(&[Delivered, InVerification, Passed], InVerification);
        check(&[Done, Failed, OnTheWay], OnTheWay);
        check(&[Done, Failed, Cancelled], Done);
        check(&[Failed, Cancelled], Failed);
        check(&[Cancelled], Cancelled);
        check(&[], Cancelled);
    }

    #[test]
    fn a_cancelled_line_is_not_a_failed_one() {
        let cancelled = Course { cancelled: true, ..Course::default() };
        let check = |stage, outcome, course, expected| assert_eq!(LineStatus::of(stage, outcome, course), expected);
        check(Stage::Closed, Some(Outcome::Returned), cancelled, LineStatus::Cancelled);
        check(Stage::Closed, Some(Outcome::Returned), Course::default(), LineStatus::Failed);
        check(Stage::Returning, None, cancelled, LineStatus::Cancelled);
        check(Stage::Returning, None, Course::default(), LineStatus::Failed);
    }

    #[test]
    fn what_a_buyer_sends_back_was_delivered_until_it_is_back_and_never_failed() {
        let delivered = Course { delivered: true, ..Course::default() };
        let refused = Course { refused: true, ..Course::default() };
        let kept = Course { kept: true, ..delivered };
        let check = |stage, outcome, course, expected| {
            assert_eq!(LineStatus::of(stage, outcome, course), expected, "{stage} {outcome:?} {course:?}");
        };
        use LineStatus::*;
        for stage in [Stage::ReturnInbound, Stage::ReturnIntake, Stage::Quarantined, Stage::ReturningToBuyer] {
            check(stage, None, delivered, Delivered);
        }
        for stage in [Stage::ReturnInbound, Stage::ReturnIntake, Stage::Quarantined] {
            check(stage, None, refused, Cancelled);
        }
        for course in [delivered, refused] {
            check(Stage::Returning, None, course, Cancelled);
            check(Stage::Closed, Some(Outcome::Returned), course, Cancelled);
            check(Stage::Closed, Some(Outcome::Lost), course, Cancelled);
        }
        check(Stage::Quarantined, None, Course::default(), InVerification);
        check(Stage::Closed, Some(Outcome::Lost), kept, Done);
        check(Stage::Closed, Some(Outcome::Completed), kept, Done);
        check(Stage::Closed, Some(Outcome::Lost), Course::default(), Failed);
    }
}
