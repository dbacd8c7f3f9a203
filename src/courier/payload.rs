//! What an endpoint is told: JSON that follows from the journal alone, so that every try, and every replay, says the
//! same. No name, no address, no free text: who receives it knows its own order, and the piece's page has the rest.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::desk::{Desk, Error, case_id, recorded};
use crate::domain::event::{Event, ObligationArose, OrderPlaced};
use crate::domain::ids::{ObligationId, StreamId, StreamKey};
use crate::domain::notice::{Notice, Recipient};
use crate::domain::obligation::OwedState;
use crate::domain::piece::Piece;
use crate::store::entity::{events, outbox, pieces};
use crate::store::journal::{self, Tail};
use crate::store::queries;
use crate::words::Language;

/// A message to an endpoint. Its id, `webhook-id`, is the same on every try.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookMessage {
    /// `piece.stage_changed`, `piece.verdict_given`, `buyer.notice`, `obligation.arose`, `obligation.amount_set`,
    /// `obligation.reversed`, `obligation.settled`, `deadline.missed`, or one that a later release adds.
    #[serde(rename = "type")]
    #[schema(example = "piece.stage_changed")]
    pub kind: &'static str,
    /// When it happened (RFC 3339).
    #[schema(example = "2026-11-23T02:03:04Z")]
    pub timestamp: String,
    pub data: WebhookData,
}

/// What a message says, by its type.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum WebhookData {
    StageChanged(StageChanged),
    VerdictGiven(VerdictTold),
    BuyerNotice(BuyerNotice),
    Obligation(ObligationTold),
    Missed(DeadlineTold),
}

/// Which piece of which order, and the event in its journal.
#[derive(Debug, Serialize, ToSchema)]
pub struct AboutPiece {
    pub order_no: String,
    pub line_no: i32,
    /// The piece code.
    pub piece: String,
    /// The platform's id of the merchant.
    pub merchant: String,
    /// The event's place in the piece's journal.
    pub seq: i32,
    /// Its kind, as in the journal.
    pub event: String,
}

/// `piece.stage_changed`: a piece went from one stage to another.
#[derive(Debug, Serialize, ToSchema)]
pub struct StageChanged {
    #[serde(flatten)]
    pub about: AboutPiece,
    pub from: String,
    pub stage: String,
    /// How the piece came to its end, in the stage `closed`.
    pub outcome: Option<String>,
    /// What its line shows now.
    pub line_status: String,
}

/// `piece.verdict_given`: what the inspection came to.
#[derive(Debug, Serialize, ToSchema)]
pub struct VerdictTold {
    #[serde(flatten)]
    pub about: AboutPiece,
    /// pass, disclosed_difference, undetermined, not_as_described or suspected_counterfeit.
    pub verdict: String,
    /// The rulebook that it was derived by.
    pub rulebook: Option<String>,
    pub stage: String,
    /// The hash of the verdict's event in the journal: the same digest stands in every letter and on the page.
    pub digest: String,
}

/// `buyer.notice`: something that a buyer is told, for the platform's own app.
#[derive(Debug, Serialize, ToSchema)]
pub struct BuyerNotice {
    pub order_no: String,
    /// The piece code; none where it is about the whole order.
    pub piece: Option<String>,
    pub line_no: Option<i32>,
    pub seq: i32,
    /// Which notice, such as choice_needed.
    pub notice: String,
    /// Its title by language.
    #[schema(value_type = Object)]
    pub title: serde_json::Value,
    /// The order's page. Without a key it may be shown to anybody.
    pub tracking_url: String,
    /// For the buyer alone: whoever comes by it may decide. Only where something is to be decided.
    pub action_url: Option<String>,
    /// The digest of the verdict that it rests on, where there is one.
    pub verdict_digest: Option<String>,
}

/// `obligation.…`: what somebody owes on an order, as the event left it; in the words of `GET /v1/obligations/{id}`.
#[derive(Debug, Serialize, ToSchema)]
pub struct ObligationTold {
    pub order_no: String,
    /// The platform's id of the merchant.
    pub merchant: String,
    /// The event's place in the order's own journal.
    pub seq: i32,
    /// Its kind, as in the journal.
    pub event: String,
    /// The obligation: the same in each message on it, and in `GET /v1/obligations`.
    pub id: String,
    /// By which rule, with its clause.
    pub rule: String,
    pub clause: String,
    pub debtor: String,
    pub creditor: String,
    pub line_no: i32,
    /// The piece code; null for what is owed once for a line.
    pub piece: Option<String>,
    /// In minor units; null until a supervisor sets it.
    pub amount: Option<i64>,
    /// A supervisor may set no more.
    pub at_most: Option<i64>,
    pub currency: String,
    /// owed, settled or reversed.
    pub state: String,
    /// When the platform had it settled; null before.
    pub settled_at: Option<String>,
}

/// `deadline.missed`: what two supervisors should have decided is not decided in time, and the platform may ask why.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeadlineTold {
    #[serde(flatten)]
    pub about: AboutPiece,
    /// The case that waits; null where it is the piece itself.
    pub case: Option<String>,
    /// Which clock ran out: `quarantined:supervisors` or `case:decision`.
    pub clock: String,
    /// When it ran out (RFC 3339).
    pub due_at: String,
}

/// The journals behind a row, up to the event that it tells of.
struct Behind {
    placed: OrderPlaced,
    /// When the event happened.
    at: Timestamp,
    event: Event,
    /// The piece before the event, and with it; none in the order's own journal.
    piece: Option<(Piece, Piece)>,
    /// The digest of the verdict that stood with the event.
    verdict: Option<String>,
    /// The events of the order's own journal up to it, where it is one of them.
    order: Vec<Event>,
    /// The code of the piece that something is owed for.
    owed_for: Option<String>,
    /// The piece of the case in whose journal the event stands.
    disputed: Option<pieces::Model>,
}

async fn behind(desk: &Desk, row: &outbox::Model) -> Result<Behind, Error> {
    let key = journal::stream_key(row.order_id, row.stream_id);
    let order = StreamKey { order_id: key.order_id, stream_id: StreamId::ORDER };
    let mut tails = vec![Tail { key: order, after: 0 }];
    if key != order {
        tails.push(Tail { key, after: 0 });
    }
    let rows = journal::load(desk.store().reader(), &tails).await?;
    let (of_order, of_piece): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.stream_id == 0);
    let absent = || Error::corrupt("a notice's event", "is not there");
    let first = recorded::read(of_order.first().ok_or_else(absent)?)?.recorded;
    let Event::OrderPlaced(placed) = first.event else {
        return Err(Error::corrupt("an order's journal", "does not begin with its order"));
    };
    let told = |rows: &[events::Model]| rows.iter().find(|event| event.seq == row.seq).map(recorded::read).transpose();
    if key == order {
        let told = told(&of_order)?.ok_or_else(absent)?.recorded;
        let until = of_order.iter().filter(|event| event.seq <= row.seq);
        let order = until.map(|event| Ok(recorded::read(event)?.recorded.event)).collect::<Result<Vec<_>, Error>>()?;
        let stream = changed(&told.event).and_then(|(_, id)| arose(&order, id)?.stream_id);
        let owed_for = match stream {
            Some(stream) => {
                queries::piece(desk.store().reader(), row.order_id, stream.0).await?.map(|piece| piece.code)
            }
            None => None,
        };
        let (at, event) = (told.at, told.event);
        return Ok(Behind { placed, at, event, piece: None, verdict: None, order, owed_for, disputed: None });
    }
    let told = told(&of_piece)?.ok_or_else(absent)?.recorded;
    let first = of_piece.first().map(recorded::read).transpose()?.map(|first| first.recorded.event);
    if let Some(Event::CaseOpened(opened)) = first {
        let disputed = queries::piece(desk.store().reader(), row.order_id, opened.piece.0).await?;
        let (at, event) = (told.at, told.event);
        let (verdict, order, owed_for) = (None, Vec::new(), None);
        return Ok(Behind { placed, at, event, piece: None, verdict, order, owed_for, disputed });
    }
    let until = |seq: i32| {
        let read = of_piece.iter().filter(|event| event.seq <= seq).map(|event| Ok(recorded::read(event)?.recorded));
        let read = read.collect::<Result<Vec<_>, Error>>()?;
        Piece::fold(read).map_err(|corrupt| Error::fault("a journal does not replay", corrupt))
    };
    let after = until(row.seq)?;
    let before = until((row.seq - 1).max(1))?;
    // An override is a verdict of its own, and its digest is its own event's.
    let of_verdict = of_piece
        .iter()
        .filter(|event| event.seq <= row.seq)
        .rfind(|event| matches!(event.kind.as_str(), "verdict_given" | "overridden"));
    let verdict = of_verdict.filter(|_| after.verdict().is_some()).map(|event| hex::encode(&event.hash));
    let piece = Some((before, after));
    let (at, event, order) = (told.at, told.event, Vec::new());
    Ok(Behind { placed, at, event, piece, verdict, order, owed_for: None, disputed: None })
}

/// The body of a row for an endpoint; none where there is nothing to say to a program.
///
/// # Errors
///
/// Those of the store, and of a journal that cannot be read.
pub async fn body(desk: &Desk, row: &outbox::Model) -> Result<Option<String>, Error> {
    let (Some(recipient), Some(notice)) = (Recipient::parse(&row.recipient), Notice::parse(&row.notice)) else {
        return Ok(None);
    };
    let behind = behind(desk, row).await?;
    let Some((kind, data)) = data(desk, row, recipient, notice, &behind) else { return Ok(None) };
    let message = WebhookMessage { kind, timestamp: behind.at.to_string(), data };
    let text = serde_json::to_string(&message).map_err(|error| Error::fault("a message cannot be written", error))?;
    Ok(Some(text))
}

/// What the body of a message says, without when it happened and where it stands in a journal: an event that happens
/// again after a loss says the same. None of a body that cannot be read.
pub fn subject(body: &str) -> Option<String> {
    let mut value: serde_json::Value = serde_json::from_str(body).ok()?;
    let whole = value.as_object_mut()?;
    whole.remove("timestamp");
    if let Some(data) = whole.get_mut("data").and_then(serde_json::Value::as_object_mut) {
        for place in ["seq", "digest", "verdict_digest"] {
            data.remove(place);
        }
    }
    Some(value.to_string())
}

/// The type of a message and what it says.
fn data(
    desk: &Desk,
    row: &outbox::Model,
    recipient: Recipient,
    notice: Notice,
    behind: &Behind,
) -> Option<(&'static str, WebhookData)> {
    match (recipient, notice) {
        (Recipient::Platform, Notice::StageChanged) => {
            let (before, after) = behind.piece.as_ref()?;
            Some((
                "piece.stage_changed",
                WebhookData::StageChanged(StageChanged {
                    about: about(row, after, behind),
                    from: before.stage().as_str().to_owned(),
                    stage: after.stage().as_str().to_owned(),
                    outcome: after.standing().outcome().map(|outcome| outcome.as_str().to_owned()),
                    line_status: after.line_status().as_str().to_owned(),
                }),
            ))
        }
        (Recipient::Platform, Notice::VerdictGiven) => {
            let (_, after) = behind.piece.as_ref()?;
            let (_, given) = after.verdict()?;
            // A supervisor with a second person made it milder: a difference that the buyer decides on.
            let verdict = match &behind.event {
                Event::Overridden(_) => crate::domain::ledger::Verdict::DisclosedDifference,
                _ => given.verdict, // Every other verdict says itself what it is.
            };
            Some((
                "piece.verdict_given",
                WebhookData::VerdictGiven(VerdictTold {
                    about: about(row, after, behind),
                    verdict: verdict.as_str().to_owned(),
                    rulebook: given.rulebook_version.as_ref().map(ToString::to_string),
                    stage: after.stage().as_str().to_owned(),
                    digest: behind.verdict.clone()?,
                }),
            ))
        }
        (Recipient::Buyer, notice) => {
            Some(("buyer.notice", WebhookData::BuyerNotice(buyer(desk, row, notice, behind))))
        }
        (Recipient::Platform, Notice::ObligationChanged) => {
            obligation(row, behind).map(|(kind, told)| (kind, WebhookData::Obligation(told)))
        }
        (Recipient::Platform, Notice::DeadlineMissed) => {
            missed(row, behind).map(|told| ("deadline.missed", WebhookData::Missed(told)))
        }
        (Recipient::Platform | Recipient::Merchant | Recipient::Supervisor, _) => None,
    }
}

/// Which wait ran out, of a piece or of a case about one.
fn missed(row: &outbox::Model, behind: &Behind) -> Option<DeadlineTold> {
    let Event::DeadlinePassed(passed) = &behind.event else { return None };
    let (line_no, piece) = match (&behind.piece, &behind.disputed) {
        (Some((_, piece)), _) => (piece.opened().line_no, piece.opened().code.to_string()),
        (None, Some(piece)) => (piece.line_no, piece.code.clone()),
        (None, None) => return None,
    };
    let case = behind.disputed.as_ref().map(|_| case_id(journal::stream_key(row.order_id, row.stream_id)));
    Some(DeadlineTold {
        about: AboutPiece {
            order_no: behind.placed.order_no.to_string(),
            line_no,
            piece,
            merchant: behind.placed.merchant_id.to_string(),
            seq: row.seq,
            event: behind.event.kind().as_str().to_owned(),
        },
        case,
        clock: passed.clock.to_string(),
        due_at: Timestamp::from_microsecond(passed.due_at).map(|at| at.to_string()).unwrap_or_default(),
    })
}

/// Which obligation an event is about, and what it says of it; none of any other event.
fn changed(event: &Event) -> Option<((&'static str, OwedState), ObligationId)> {
    match event {
        Event::ObligationArose(arose) => Some((("obligation.arose", OwedState::Owed), arose.id)),
        Event::ObligationAmountSet(set) => Some((("obligation.amount_set", OwedState::Owed), set.id)),
        Event::ObligationReversed(reversed) => Some((("obligation.reversed", OwedState::Reversed), reversed.id)),
        Event::ObligationSettled(settled) => Some((("obligation.settled", OwedState::Settled), settled.id)),
        _ => None, // No other event changes what is owed.
    }
}

/// How an obligation arose.
fn arose(order: &[Event], id: ObligationId) -> Option<&ObligationArose> {
    order.iter().find_map(|event| match event {
        Event::ObligationArose(arose) if arose.id == id => Some(arose),
        _ => None, // No other event says what is owed.
    })
}

/// What is owed, as the event left it; none where the event is about nothing that is.
fn obligation(row: &outbox::Model, behind: &Behind) -> Option<(&'static str, ObligationTold)> {
    let ((kind, state), id) = changed(&behind.event)?;
    let arose = arose(&behind.order, id)?;
    let set = behind.order.iter().rev().find_map(|event| match event {
        Event::ObligationAmountSet(set) if set.id == id => Some(set.amount),
        _ => None, // No other event sets an amount.
    });
    let settled_at = match &behind.event {
        Event::ObligationSettled(settled) => Timestamp::from_microsecond(settled.settled_at).ok(),
        _ => None, // No other event settles anything.
    };
    let told = ObligationTold {
        order_no: behind.placed.order_no.to_string(),
        merchant: behind.placed.merchant_id.to_string(),
        seq: row.seq,
        event: behind.event.kind().as_str().to_owned(),
        id: id.to_string(),
        rule: arose.rule.as_str().to_owned(),
        clause: arose.clause.to_string(),
        debtor: arose.debtor.as_str().to_owned(),
        creditor: arose.creditor.as_str().to_owned(),
        line_no: arose.line_no,
        piece: behind.owed_for.clone(),
        amount: set.or(arose.amount),
        at_most: arose.at_most,
        currency: arose.currency.as_str().to_owned(),
        state: state.as_str().to_owned(),
        settled_at: settled_at.map(|at| at.to_string()),
    };
    Some((kind, told))
}

fn about(row: &outbox::Model, piece: &Piece, behind: &Behind) -> AboutPiece {
    AboutPiece {
        order_no: behind.placed.order_no.to_string(),
        line_no: piece.opened().line_no,
        piece: piece.opened().code.to_string(),
        merchant: behind.placed.merchant_id.to_string(),
        seq: row.seq,
        event: behind.event.kind().as_str().to_owned(),
    }
}

fn buyer(desk: &Desk, row: &outbox::Model, notice: Notice, behind: &Behind) -> BuyerNotice {
    let order = journal::stream_key(row.order_id, row.stream_id).order_id;
    let piece = behind.piece.as_ref().map(|(_, after)| after);
    let tracking_url = format!("{}/t/{}", desk.public_url(), desk.view_token(order));
    let decides = matches!(notice, Notice::ChoiceNeeded | Notice::ChoiceReminder | Notice::RestAsked);
    BuyerNotice {
        order_no: behind.placed.order_no.to_string(),
        piece: piece.map(|piece| piece.opened().code.to_string()),
        line_no: piece.map(|piece| piece.opened().line_no),
        seq: row.seq,
        notice: notice.as_str().to_owned(),
        title: json!({
            "zh-CN": Language::Chinese.words().subject(Recipient::Buyer, notice),
            "en": Language::English.words().subject(Recipient::Buyer, notice),
        }),
        action_url: decides.then(|| format!("{tracking_url}/act/{}", desk.action_token(order))),
        tracking_url,
        verdict_digest: behind.verdict.clone(),
    }
}
