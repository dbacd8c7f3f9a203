//! Since when nothing of its order held a line back. The house promises to release within hours of the clearance, but not
//! while the piece waits for other lines, or for the buyer (`obligations.csv`).

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::Facts;
use crate::domain::event::{OrderPlaced, Recorded};
use crate::domain::ids::StreamId;
use crate::domain::order::LineStatus;
use crate::domain::piece::Piece;

/// The last moment at which a line of an order that ships together ceased to be held back: another came to be passed or
/// to its end, or the question about the rest was answered. None where it never was, or is now for the first time.
///
/// `own` is the order's own journal. What happened at one moment is one transaction, and is looked at when it is whole.
pub fn free_since(
    placed: &OrderPlaced,
    own: &[Recorded],
    pieces: &[(StreamId, Piece)],
    line_no: i32,
) -> Option<Timestamp> {
    let of_order = own.iter().map(|recorded| (recorded.at, None, Arc::new(recorded.clone())));
    let others = pieces.iter().filter(|(_, piece)| piece.opened().line_no != line_no);
    let of_pieces = others.flat_map(|(stream, piece)| {
        piece.history().iter().map(move |recorded| (recorded.at, Some(*stream), recorded.clone()))
    });
    let mut events: Vec<_> = of_order.chain(of_pieces).collect();
    // Of one journal they stay in their order.
    events.sort_by_key(|(at, _, _)| *at);

    let mut facts = Facts::default();
    let mut begun: BTreeMap<StreamId, Piece> = BTreeMap::new();
    let (mut held, mut free) = (false, None);
    for at_once in events.chunk_by(|(one, _, _), (next, _, _)| one == next) {
        for (_, stream, recorded) in at_once {
            match stream.map(|stream| (stream, begun.get_mut(&stream))) {
                None => facts.apply(recorded),
                // What folded once folds again; a journal that does not would not have come here.
                Some((_, Some(piece))) => piece.apply(recorded.clone()).ok()?,
                Some((stream, None)) => {
                    begun.insert(stream, Piece::fold([Recorded::clone(recorded)]).ok()?);
                }
            }
        }
        let waits = |no: i32| {
            let filling = begun.values().rev().find(|piece| piece.opened().line_no == no);
            filling.is_none_or(|piece| facts.line(no, piece.line_status()) < LineStatus::Passed)
        };
        let now =
            facts.asked.is_some() || placed.lines.iter().any(|line| line.line_no != line_no && waits(line.line_no));
        if held && !now {
            free = at_once.first().map(|(at, _, _)| *at);
        }
        held = now;
    }
    free
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::*;
    use crate::domain::order::LineStatus;
    use crate::domain::samples::*;

    fn at(second: i64, seq: i32, event: impl Into<Event>) -> Recorded {
        Recorded { at: Timestamp::from_second(second).unwrap(), ..recorded(seq, CLERK, event) }
    }

    /// The second line's piece: received at 10, lost at 20. Its line waits for another from then on.
    fn lost() -> Piece {
        let opened = PieceOpened { line_no: 2, ..opened() };
        let received = Received { parcel_id: None, weight: weighing(WEIGHT), note: None };
        Piece::fold([at(1, 1, opened), at(10, 2, received), at(20, 3, LostInCustody { note: sealed() })]).unwrap()
    }

    #[test]
    fn a_line_is_free_when_no_other_waits_and_nobody_is_asked() {
        let order = order(Ship::Together, &[(1, LineStatus::Waiting), (2, LineStatus::Waiting)]);
        let pieces = [(StreamId(1), Piece::fold([at(1, 1, opened())]).unwrap()), (StreamId(2), lost())];
        let check = |own: Vec<Recorded>, expected: Option<i64>| {
            let free = free_since(&order.placed, &own, &pieces, 1);
            assert_eq!(free.map(Timestamp::as_second), expected, "{own:?}");
        };
        let begun = || at(0, 1, (*order.placed).clone());
        check(vec![begun()], None);
        check(vec![begun(), at(30, 2, LineFailed { line_no: 2 })], Some(30));
        // The question is asked in the commit of what ended the line, and holds until it is answered.
        let asked = || vec![begun(), at(30, 2, LineFailed { line_no: 2 }), at(30, 3, RestAsked { line_no: 2 })];
        check(asked(), None);
        let answered = [asked(), vec![at(99, 4, RestWanted {})]].concat();
        check(answered, Some(99));
    }
}
