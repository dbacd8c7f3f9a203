//! An order as its buyer sees it: from the journals to what stands on the page. No name but a masked one, no note of the
//! house, no word of the machine's own.

use std::collections::HashSet;

use jiff::Timestamp;

use super::owed::{Otherwise, Owed};
use super::rows::{Row, Sources};
use super::when::Clock;
use super::{carriers, mask};
use crate::desk::OrderView;
use crate::desk::people::Details;
use crate::domain::appraisal::ComponentState;
use crate::domain::cases::Case;
use crate::domain::event::{Corrected, Event, Outcome, Replacement, VerdictGiven};
use crate::domain::evidence::Speech;
use crate::domain::ids::{Carrier, Waybill};
use crate::domain::ledger::{Finding, Verdict};
use crate::domain::obligation::Party;
use crate::domain::piece::Piece;
use crate::domain::quantity::{Weighing, decimal};
use crate::domain::route::{Cause, Stage};
use crate::domain::{actor::Role, deadline::Waiter};
use crate::rulebook::Clock as Wait;
use crate::store::entity::{capsules, deadlines, laboratories, obligations, pieces};

/// One of the five steps of the way.
pub struct Step {
    pub label: &'static str,
    /// `done`, `now` or `todo`.
    pub state: &'static str,
    pub said: &'static str,
}

/// One photo, by its two renditions.
#[derive(Clone)]
pub struct Photo {
    pub small: String,
    pub large: String,
    pub caption: String,
    /// What the link to the large one says.
    pub label: String,
}

/// Photos of one moment.
pub struct Album {
    pub title: &'static str,
    pub photos: Vec<Photo>,
}

/// One test of a part.
pub struct Test {
    pub method: String,
    pub reading: String,
    pub instrument: Option<String>,
}

/// One part as it was found.
pub struct Part {
    pub role: &'static str,
    pub state: &'static str,
    pub examined: bool,
    pub found: Vec<String>,
    pub reason: Option<String>,
    pub tests: Vec<Test>,
}

/// One weighing.
pub struct Weight {
    pub moment: &'static str,
    pub value: String,
    pub source: String,
}

/// One leg by a carrier.
pub struct Parcel {
    pub carrier: String,
    pub waybill: String,
    pub link: Option<String>,
}

/// One line of the time line.
pub struct Happening {
    pub iso: String,
    pub when: String,
    pub what: &'static str,
    pub who: &'static str,
}

/// The ledger with what explains it.
pub struct Ledger {
    pub counted: Vec<String>,
    pub rows: Vec<Row>,
    pub explained: Vec<&'static str>,
    pub unchecked: Vec<&'static str>,
}

/// A difference that waits for the buyer.
pub struct Choice {
    pub until: Option<String>,
}

/// One piece on the page.
pub struct Card {
    pub code: String,
    pub title: String,
    pub stage: &'static str,
    /// `wait`, `good`, `act` or `stop`: colours and shapes follow it.
    pub tone: &'static str,
    pub next: &'static str,
    pub due: Option<String>,
    /// Every clock that runs for it, and its end.
    pub clocks: Vec<(Wait, String)>,
    pub notes: Vec<String>,
    /// What is owed for it or for its line, by whomever to whomever.
    pub owed: Vec<Owed>,
    /// What its buyer is owed if nothing comes in its place; said in the notes too.
    pub otherwise: Option<Otherwise>,
    pub steps: Vec<Step>,
    pub hero: Option<Photo>,
    pub choice: Option<Choice>,
    /// What the buyer may do about sending it back: to ask for it, or to say by which parcel it comes.
    pub sending_back: Option<&'static str>,
    /// Whether the buyer may ask for another look.
    pub disputable: bool,
    pub decided: Option<&'static str>,
    pub differences: Vec<Row>,
    /// That something was found which no claim of the ledger shows.
    pub beside: Option<&'static str>,
    /// Why whoever judged the piece was not content with it, in their words.
    pub reason: Option<String>,
    pub ledger: Option<Ledger>,
    pub parts: Vec<Part>,
    pub weights: Vec<Weight>,
    pub laboratory: Option<String>,
    pub albums: Vec<Album>,
    pub parcels: Vec<Parcel>,
    pub timeline: Vec<Happening>,
    pub certificate: Option<String>,
    pub withdrawn: bool,
    /// The hash of the event that gave the verdict, in hexadecimal; none while none stands or is told.
    pub verdict: Option<String>,
    /// The length of its journal: another one is another card.
    pub version: i32,
}

/// What a page is made of beside the journals.
pub struct Around<'a> {
    pub sources: Sources<'a>,
    pub clock: Clock,
    pub now: Timestamp,
    /// Which stream each piece is.
    pub streams: &'a [pieces::Model],
    /// Those of the order itself among them, which are of stream 0.
    pub deadlines: Vec<deadlines::Model>,
    pub capsules: Vec<capsules::Model>,
    /// What is owed on the order.
    pub obligations: Vec<obligations::Model>,
    pub laboratory: Option<laboratories::Model>,
}

/// Who the order is for, as far as a friend may know.
pub fn masked(buyer: Option<&Details>) -> Option<String> {
    let buyer = buyer?;
    let name = buyer.name.as_deref().and_then(mask::name);
    let city = buyer.address.as_deref().and_then(mask::city);
    let told: Vec<String> = name.into_iter().chain(city).collect();
    Some(told.join(" · ")).filter(|told| !told.is_empty())
}

impl Card {
    /// What is said of a difference below its rows, or where there are none: that no claim shows it, and why whoever
    /// judged the piece was not content, unless its notes say so already.
    pub fn in_words(&self) -> Vec<&str> {
        let reason = self.reason.as_deref().filter(|reason| !self.notes.iter().any(|note| note == reason));
        self.beside.into_iter().chain(reason).collect()
    }

    /// When a clock ends, if it runs.
    pub fn ends(&self, wait: Wait) -> Option<&str> {
        self.clocks.iter().find(|(clock, _)| *clock == wait).map(|(_, when)| when.as_str())
    }
}

impl Around<'_> {
    /// The pieces of an order, in the order of their lines. What is the house's own is not among them.
    pub fn cards(&self, order: &OrderView) -> Vec<Card> {
        order.pieces.iter().filter(|piece| !piece.opened().reference).map(|piece| self.card(order, piece)).collect()
    }

    /// One piece.
    pub fn card(&self, order: &OrderView, piece: &Piece) -> Card {
        let words = self.sources.words;
        let (stage, outcome) = (piece.stage(), piece.standing().outcome());
        let line_no = piece.opened().line_no;
        let line = order.placed.lines.iter().find(|line| line.line_no == line_no);
        let title = line.and_then(|line| self.sources.text(Some(&line.title)));
        let capsule = self.capsule(piece);
        let (due, until) = self.due(piece);
        let rows = if self.tells_result(piece) { self.sources.rows(piece) } else { Vec::new() };
        let albums = self.albums(piece);
        let (owed, otherwise) = (self.owed_for(piece), self.otherwise(order, piece));
        Card {
            code: piece.opened().code.to_string(),
            title: title.unwrap_or_else(|| words.title_of(piece.opened().code.to_string())),
            stage: words.stage(stage, outcome),
            tone: tone(stage, outcome),
            next: words.next(stage, outcome),
            due,
            clocks: self.clocks(piece),
            notes: [self.notes(piece, &owed, otherwise.as_ref()), self.cases(order, piece)].concat(),
            owed,
            otherwise,
            steps: self.steps(piece),
            hero: albums.iter().rev().flat_map(|album| album.photos.first()).next().cloned(),
            choice: (stage == Stage::AwaitingBuyer).then_some(Choice { until }),
            sending_back: self.sending_back(piece),
            disputable: piece.was_delivered(),
            decided: self.decided(piece),
            differences: rows.iter().filter(|row| row.differs()).cloned().collect(),
            beside: self.beside(piece, &rows),
            reason: self.judged(piece).and_then(|given| self.sources.text(given.reason.as_ref())),
            ledger: self.ledger(piece, rows),
            parts: self.parts(piece),
            weights: self.weights(piece),
            laboratory: self.laboratory.as_ref().map(|laboratory| words.by_laboratory(accredited(laboratory))),
            albums,
            parcels: self.parcels(piece),
            timeline: self.timeline(piece),
            certificate: capsule.map(|row| row.certificate_code.clone()),
            withdrawn: capsule.is_some_and(|row| row.revoked_at.is_some()),
            verdict: self.digest(order, piece),
            version: piece.head(),
        }
    }

    /// What became of each dispute about a piece.
    fn cases(&self, order: &OrderView, piece: &Piece) -> Vec<String> {
        let words = self.sources.words;
        let stream = self.stream(piece);
        let own = order.cases.iter().filter(|case| Some(case.opened.piece.0) == stream);
        let told = |case: &Case| {
            let what = words.case_kind(case.opened.kind);
            let when = self.clock.dated(case.opened_at);
            match &case.decided {
                None => words.case_open(what, when),
                Some(decided) if decided.upheld => words.case_upheld(what, when),
                Some(_) => words.case_dismissed(what, when),
            }
        };
        own.map(told).collect()
    }

    fn sending_back(&self, piece: &Piece) -> Option<&'static str> {
        let (words, standing) = (self.sources.words, piece.standing());
        match piece.stage() {
            Stage::Delivered if piece.opened().custom_made => None,
            Stage::Delivered => {
                let window = self.running(piece).find(|(wait, _)| *wait == Wait::ReturnWindow);
                window.is_some_and(|(_, due)| self.now < due).then(|| words.return_heading())
            }
            Stage::ReturnInbound => {
                let awaited = standing.cause() == Some(Cause::Opened) && !standing.posted();
                awaited.then(|| words.return_name_parcel())
            }
            _ => None, // It is not with its buyer, or not any more.
        }
    }

    /// Whether what was found is told: there is a verdict, nothing lies open on a bench, and nobody is under a suspicion
    /// that two supervisors have not decided on.
    fn tells_result(&self, piece: &Piece) -> bool {
        piece.verdict().is_some() && !piece.is_blind() && piece.stage() != Stage::Quarantined
    }

    /// The verdict that stands, where it is told and found something.
    fn judged<'p>(&self, piece: &'p Piece) -> Option<&'p VerdictGiven> {
        let (_, given) = piece.verdict().filter(|_| self.tells_result(piece))?;
        match given.verdict {
            Verdict::DisclosedDifference | Verdict::Undetermined | Verdict::NotAsDescribed => Some(given),
            // A suspicion is told by itself, and in nobody's words.
            Verdict::Pass | Verdict::SuspectedCounterfeit => None,
        }
    }

    /// What is said where a verdict found something, and no claim of the ledger does: those who looked do not agree, or
    /// whoever judged it was stricter.
    fn beside(&self, piece: &Piece, rows: &[Row]) -> Option<&'static str> {
        let given = self.judged(piece).filter(|_| !rows.iter().any(Row::differs))?;
        let words = self.sources.words;
        let untold = given.verdict == Verdict::Undetermined;
        Some(if untold { words.difference_untold() } else { words.difference_judged() })
    }

    fn digest(&self, order: &OrderView, piece: &Piece) -> Option<String> {
        let hash = order.verdicts.get(&piece.opened().code).filter(|_| self.tells_result(piece))?;
        Some(hash.to_string())
    }

    /// What is promised next, and until when a buyer may choose.
    fn due(&self, piece: &Piece) -> (Option<String>, Option<String>) {
        let code = piece.opened().code.to_string();
        let stream = self.streams.iter().find(|row| row.code == code).map(|row| row.stream_id);
        let words = self.sources.words;
        let stage = piece.stage();
        let own = self.deadlines.iter().filter(|row| Some(row.stream_id) == stream);
        let own = own.map(|row| (row.kind.as_str(), row.due_at));
        // What ran out and moved nothing is still told, unless something is promised anew.
        let passed = piece.passed().map(|passed| (passed.clock.as_str(), passed.due_at));
        let mut promised = None;
        let mut until = None;
        for (kind, due_at) in passed.chain(own) {
            let (Some(wait), Ok(at)) = (Wait::parse(kind), Timestamp::from_microsecond(due_at)) else {
                continue;
            };
            let when = self.clock.minute(at);
            match (wait, wait.waiter()) {
                (Wait::BuyersChoice, _) => until = Some(when),
                (Wait::ReturnWindow | Wait::ReturnPosting, _) => promised = Some(words.return_until(when)),
                (Wait::Quarantine, _) if self.now < at => promised = Some(words.held_until(when)),
                // When a parcel counts as lost, and how long the seller may leave it lying, is not the buyer's matter.
                (Wait::Unclaimed, _) | (_, Waiter::Carrier) => {}
                (_, Waiter::House | Waiter::Merchant | Waiter::Buyer) if self.now < at => {
                    promised = Some(words.due_by(when));
                }
                (_, Waiter::House | Waiter::Merchant | Waiter::Buyer) => promised = Some(words.due_passed(when)),
            }
        }
        (promised.filter(|_| stage != Stage::Closed), until)
    }

    /// The journal of a piece among those of its order.
    fn stream(&self, piece: &Piece) -> Option<i32> {
        let code = piece.opened().code.to_string();
        self.streams.iter().find(|row| row.code == code).map(|row| row.stream_id)
    }

    /// The clocks that run for a piece, and when each ends.
    fn running(&self, piece: &Piece) -> impl Iterator<Item = (Wait, Timestamp)> {
        let stream = self.stream(piece);
        let own = self.deadlines.iter().filter(move |row| Some(row.stream_id) == stream);
        own.filter_map(|row| Some((Wait::parse(&row.kind)?, Timestamp::from_microsecond(row.due_at).ok()?)))
    }

    fn clocks(&self, piece: &Piece) -> Vec<(Wait, String)> {
        self.running(piece).map(|(wait, at)| (wait, self.clock.minute(at))).collect()
    }

    fn notes(&self, piece: &Piece, owed: &[Owed], otherwise: Option<&Otherwise>) -> Vec<String> {
        let words = self.sources.words;
        let mut notes = Vec::new();
        let stage = piece.stage();
        if stage == Stage::Quarantined {
            notes.push(words.held_note().to_owned());
        }
        if piece.standing().flagged() {
            notes.push(words.cancel_note().to_owned());
        }
        let overridden = piece.history().iter().any(|recorded| matches!(recorded.event, Event::Overridden(_)));
        if overridden && piece.verdict().is_some() {
            notes.push(words.override_note().to_owned());
        }
        // Why a piece is not as described is said in the inspector's words, where nothing is left to decide on it.
        if let Some((_, given)) = piece.verdict().filter(|_| self.tells_result(piece))
            && matches!(given.verdict, Verdict::NotAsDescribed)
        {
            notes.extend(self.sources.text(given.reason.as_ref()));
        }
        notes.extend(otherwise.map(|otherwise| otherwise.for_buyer(words)));
        notes.extend(owed.iter().filter(|one| one.creditor == Party::Buyer).map(|one| one.said.clone()));
        notes
    }

    fn steps(&self, piece: &Piece) -> Vec<Step> {
        let words = self.sources.words;
        let came_back = piece.history().iter().any(|recorded| {
            matches!(recorded.event, Event::Refused(_) | Event::ReturnOpened(_) | Event::NotSamePieceFound(_))
        });
        let now = match piece.stage() {
            Stage::AwaitingDispatch => 0,
            Stage::Inbound => 1,
            Stage::IntakeException
            | Stage::Received
            | Stage::Appraising
            | Stage::SpokenReview
            | Stage::AwaitingBuyer
            | Stage::Undetermined
            | Stage::Failed
            | Stage::Quarantined => 2,
            Stage::Cleared | Stage::Tagged => 3,
            Stage::Released | Stage::Outbound => 4,
            Stage::Delivered => 5,
            Stage::Closed if piece.standing().outcome() == Some(Outcome::Completed) => 5,
            Stage::ReturnInbound | Stage::ReturnIntake | Stage::Returning | Stage::ReturningToBuyer | Stage::Closed => {
                return Vec::new();
            }
        };
        if came_back {
            return Vec::new();
        }
        // What is under way is not called done: a parcel on its way has not arrived.
        let labels = [
            (words.step_dispatch(), words.step_dispatch_now()),
            (words.step_receipt(), words.step_receipt_now()),
            (words.step_check(), words.step_check_now()),
            (words.step_release(), words.step_release_now()),
            (words.step_delivery(), words.step_delivery_now()),
        ];
        let step = |(place, (label, going)): (usize, (&'static str, &'static str))| match place.cmp(&now) {
            std::cmp::Ordering::Less => Step { label, state: "done", said: words.step_done() },
            std::cmp::Ordering::Equal => Step { label: going, state: "now", said: words.step_now() },
            std::cmp::Ordering::Greater => Step { label, state: "todo", said: "" },
        };
        labels.into_iter().enumerate().map(step).collect()
    }

    fn decided(&self, piece: &Piece) -> Option<&'static str> {
        let words = self.sources.words;
        piece.history().iter().rev().find_map(|recorded| match &recorded.event {
            Event::DifferenceAccepted(_) => Some(words.choice_accepted()),
            Event::DifferenceRefused(refused) if refused.by_deadline => Some(words.choice_expired_why()),
            Event::DifferenceRefused(_) => Some(words.choice_refused()),
            _ => None, // No other event is the buyer's choice.
        })
    }

    fn ledger(&self, piece: &Piece, rows: Vec<Row>) -> Option<Ledger> {
        if rows.is_empty() {
            return None;
        }
        let words = self.sources.words;
        let has = |finding: Finding| rows.iter().any(|row| row.finding == finding);
        let explained = [
            (Finding::NotTestable, words.explain_not_testable()),
            (Finding::NotTested, words.explain_not_tested()),
            (Finding::Promise, words.explain_promise()),
        ];
        let explained = explained.into_iter().filter(|(finding, _)| has(*finding)).map(|(_, text)| text).collect();
        let standing = piece.standing();
        let speech = match (standing.review(), standing.clearance()) {
            (Some((_, review)), _) => review.speech(),
            (None, Some(clearance)) => Some(clearance.speech()),
            (None, None) => spoken(piece),
        };
        let unchecked = match speech {
            Some(Speech::Read) => Vec::new(),
            Some(Speech::Unavailable) => vec![words.speech_unavailable()],
            None => vec![words.speech_pending()],
        };
        Some(Ledger { counted: self.sources.counted(&rows), rows, explained, unchecked })
    }

    fn parts(&self, piece: &Piece) -> Vec<Part> {
        let Some((_, appraisal)) = piece.settled().filter(|_| self.tells_result(piece)) else { return Vec::new() };
        let words = self.sources.words;
        let part = |found: &crate::domain::appraisal::ComponentResult| {
            let mut told = Vec::new();
            told.extend(found.material.as_ref().map(|name| words.term(name.as_str())));
            told.extend(found.treatment.as_ref().map(|name| words.term(name.as_str())));
            told.extend(found.fineness_ppm.as_ref().map(|fineness| format!("{} ‰", fineness.per_mille())));
            told.extend(found.weight.as_ref().map(|weight| self.sources.weight(weight)));
            told.extend(
                found.sizes.iter().map(|size| words.size_said(words.size(size.name.as_str()), self.sources.size(size))),
            );
            let test = |test: &crate::domain::appraisal::Test| {
                let reading = match (&test.value, &test.unit) {
                    (Some(value), Some(unit)) => format!("{value} {unit}"),
                    (Some(value), None) => value.to_string(),
                    (None, _) => String::new(),
                };
                let conclusion = test.conclusion.as_ref().map(|name| words.term(name.as_str()));
                let reading = match (reading.is_empty(), conclusion) {
                    (true, conclusion) => conclusion.unwrap_or_default(),
                    (false, Some(conclusion)) => format!("{reading} · {conclusion}"),
                    (false, None) => reading,
                };
                Test {
                    method: words.method(test.method.as_str()),
                    reading,
                    instrument: test.instrument.as_ref().map(ToString::to_string),
                }
            };
            Part {
                role: words.component(found.role),
                state: words.state(found.state),
                examined: found.state == ComponentState::Examined,
                found: told,
                reason: self.sources.text(found.reason.as_ref()),
                tests: found.tests.iter().map(test).collect(),
            }
        };
        appraisal.components.iter().map(part).collect()
    }

    /// Each time that the piece lay on a balance, side by side.
    fn weights(&self, piece: &Piece) -> Vec<Weight> {
        let words = self.sources.words;
        let weight = |moment, weighing: &Weighing| {
            let mut value = self.sources.weight(weighing);
            if let Some(uncertainty) = weighing.reading.as_ref().and_then(|reading| reading.uncertainty_ug) {
                value = format!("{value} {}", words.uncertainty(decimal(uncertainty, 6, 2)));
            }
            let source = match &weighing.device {
                _ if weighing.typed => words.typed_by_hand().to_owned(),
                Some(device) => format!("{} · {device}", words.read_by_instrument()),
                None => words.read_by_instrument().to_owned(),
            };
            Weight { moment, value, source }
        };
        let received = piece.history().iter().rev().find_map(|recorded| match &recorded.event {
            Event::Received(received) => Some(&received.weight),
            Event::Corrected(Corrected { replacement: Replacement::ReceivedWeight { weight }, .. }) => Some(weight),
            _ => None, // No other event tells the weight at receipt.
        });
        let mut weights: Vec<Weight> =
            received.map(|weighing| weight(words.weight_receipt(), weighing)).into_iter().collect();
        if let Some((_, appraisal)) = piece.settled().filter(|_| self.tells_result(piece)) {
            weights.push(weight(words.weight_bench(), &appraisal.weight));
        }
        if let Some(tagged) = piece.tag() {
            weights.push(weight(words.weight_packing(), &tagged.weight));
            weights.push(weight(words.weight_tagged(), &tagged.weight_with_tag));
        }
        weights
    }

    /// Photos by their moment. What an inspector took is shown once what they found is.
    fn albums(&self, piece: &Piece) -> Vec<Album> {
        let words = self.sources.words;
        let tells = self.tells_result(piece);
        let (mut receipt, mut bench, mut packing) = (Vec::new(), Vec::new(), Vec::new());
        let mut seen = HashSet::new();
        let untagged = piece.untagged_at().unwrap_or_default();
        for (recorded, photo) in piece.photos() {
            let (Some(large), Some(small)) = (&photo.shown_sha256, &photo.small_sha256) else { continue };
            let caption = words.photo(photo.kind.as_str());
            let label = words.photo_of(caption.as_str());
            let shown = Photo { small: small.clone(), large: large.clone(), caption, label };
            if !seen.insert((photo.kind.clone(), large.clone())) {
                continue;
            }
            match (recorded.role, photo.kind.as_str()) {
                (Role::Inspector, _) if tells => bench.push(shown),
                (Role::Inspector, _) => {}
                // Those of a tag that was taken off are not those of this one.
                (_, "piece_with_tag" | "packed") if recorded.seq < untagged => {}
                (_, "piece_with_tag" | "packed") => packing.push(shown),
                (_, _) => receipt.push(shown), // Whoever else takes photos books in.
            }
        }
        [(words.photos_receipt(), receipt), (words.photos_bench(), bench), (words.photos_packing(), packing)]
            .into_iter()
            .filter(|(_, photos)| !photos.is_empty())
            .map(|(title, photos)| Album { title, photos })
            .collect()
    }

    fn parcels(&self, piece: &Piece) -> Vec<Parcel> {
        let leg = |carrier: &Carrier, waybill: &Waybill| Parcel {
            carrier: carriers::name(carrier, self.sources.words.language()),
            waybill: waybill.to_string(),
            link: carriers::link(carrier, waybill),
        };
        let of = |event: &Event| match event {
            Event::Dispatched(sent) => Some(leg(&sent.carrier, &sent.waybill)),
            Event::WaybillCorrected(sent) => Some(leg(&sent.carrier, &sent.waybill)),
            Event::Shipped(sent) => Some(leg(&sent.carrier, &sent.waybill)),
            Event::ReturnPosted(sent) => Some(leg(&sent.carrier, &sent.waybill)),
            Event::ReturnShipped(sent) => Some(leg(&sent.carrier, &sent.waybill)),
            _ => None, // No other event gives it to a carrier.
        };
        // The last leg is the one that can still be followed.
        piece.history().iter().rev().find_map(|recorded| of(&recorded.event)).into_iter().collect()
    }

    fn timeline(&self, piece: &Piece) -> Vec<Happening> {
        let words = self.sources.words;
        // Of several looks only the last is told, once it stands: how often, and why, is of the house alone.
        let settled = piece.settlement().map(|(seq, _)| seq);
        let told = |recorded: &&std::sync::Arc<crate::domain::event::Recorded>| {
            !matches!(recorded.event, Event::AppraisalSettled(_)) || settled == Some(recorded.seq)
        };
        let line = |recorded: &std::sync::Arc<crate::domain::event::Recorded>| {
            Some(Happening {
                iso: format!("{:.0}", recorded.at),
                when: self.clock.minute(recorded.at),
                what: words.event(recorded.event.kind())?,
                who: words.role(recorded.role),
            })
        };
        piece.history().iter().rev().filter(told).filter_map(line).collect()
    }

    /// The capsule that stands, or stood last.
    fn capsule(&self, piece: &Piece) -> Option<&capsules::Model> {
        let (_, code) = piece.capsule()?;
        self.capsules.iter().find(|row| row.certificate_code == code.as_str())
    }
}

/// How the speech was checked, of a piece whose review is over without a clearance.
fn spoken(piece: &Piece) -> Option<Speech> {
    let unavailable = piece.history().iter().any(|recorded| matches!(recorded.event, Event::SpeechUnavailable(_)));
    match piece.claims()?.1.transcript_id {
        Some(_) => Some(Speech::Read),
        None if unavailable => Some(Speech::Unavailable),
        None => None,
    }
}

/// A laboratory with the numbers of its accreditations.
fn accredited(laboratory: &laboratories::Model) -> String {
    let numbers = [("CMA", &laboratory.cma), ("CNAS", &laboratory.cnas)];
    let numbers = numbers.iter().filter_map(|(name, number)| {
        let number = number.as_deref()?;
        // Some registers write the name before the number already.
        Some(if number.starts_with(name) { format!(" · {number}") } else { format!(" · {name} {number}") })
    });
    format!("{}{}", laboratory.name, String::from_iter(numbers))
}

fn tone(stage: Stage, outcome: Option<Outcome>) -> &'static str {
    match stage {
        Stage::AwaitingDispatch
        | Stage::Inbound
        | Stage::Received
        | Stage::Appraising
        | Stage::SpokenReview
        | Stage::ReturnInbound
        | Stage::ReturnIntake
        | Stage::ReturningToBuyer => "wait",
        Stage::Cleared | Stage::Tagged | Stage::Released | Stage::Outbound | Stage::Delivered => "good",
        Stage::AwaitingBuyer => "act",
        Stage::IntakeException | Stage::Undetermined | Stage::Failed | Stage::Quarantined | Stage::Returning => "stop",
        Stage::Closed => match outcome {
            Some(Outcome::Completed) => "good",
            Some(
                Outcome::Cancelled
                | Outcome::Returned
                | Outcome::Unclaimed
                | Outcome::Lost
                | Outcome::HandedToAuthority,
            )
            | None => "stop",
        },
    }
}
