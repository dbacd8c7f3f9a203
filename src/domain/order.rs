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

    /// What a line shows while this piece fills it. Sending another piece after a failure comes with the side lines;
    /// until then a piece that goes back ends its line.
    pub fn of(stage: Stage, outcome: Option<Outcome>, cancellation: bool) -> Self {
        let ended = if cancellation { LineStatus::Cancelled } else { LineStatus::Failed };
        match stage {
            Stage::AwaitingDispatch | Stage::Inbound => LineStatus::Waiting,
            Stage::IntakeException
            | Stage::Received
            | Stage::Appraising
            | Stage::SpokenReview
            | Stage::Undetermined
            | Stage::Failed
            | Stage::Quarantined => LineStatus::InVerification,
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
                Some(Outcome::Returned | Outcome::Unclaimed | Outcome::Lost | Outcome::HandedToAuthority) | None => {
                    ended
                }
            },
        }
    }
}

/// The status of an order: its least advanced open line; with none open, the best end that a line came to.
pub fn order_status(lines: impl IntoIterator<Item = LineStatus>) -> LineStatus {
    let lines: Vec<_> = lines.into_iter().collect();
    let open = lines.iter().copied().filter(|status| status.is_open()).min();
    open.or_else(|| lines.iter().copied().min()).unwrap_or(LineStatus::Cancelled)
}

/// What a decision on one piece needs to know of its order.
#[derive(Clone, Debug)]
pub struct Order {
    pub placed: Arc<OrderPlaced>,
    /// Line numbers with what they show.
    pub lines: Vec<(i32, LineStatus)>,
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
        assert_eq!(LineStatus::of(Stage::Closed, Some(Outcome::Returned), true), LineStatus::Cancelled);
        assert_eq!(LineStatus::of(Stage::Closed, Some(Outcome::Returned), false), LineStatus::Failed);
        assert_eq!(LineStatus::of(Stage::Returning, None, true), LineStatus::Cancelled);
    }
}
