//! Small examples of everything that can happen, for the tests of this room.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use super::actor::{By, Role, Witness};
use super::appraisal::*;
use super::certificate::{CertificateKey, HeldBy};
use super::command::{Asked, Reading, Rules, Step};
use super::conduct::IncidentKind;
use super::event::*;
use super::ids::*;
use super::ledger::*;
use super::looks::{Because, Limits, Matter};
use super::obligation::{OwedRule, Party};
use super::order::{LineStatus, Order};
use super::piece::Piece;
use super::quantity::{Currency, Included, Mass, Money, Weighing};
use super::text::{Name, Sealed};

/// Two inspectors, a third for the release, and those around them.
pub const ANNA: u128 = 1;
pub const BORIS: u128 = 2;
pub const CLERK: u128 = 3;
pub const CHIEF: u128 = 4;

pub fn person(number: u128) -> PersonId {
    PersonId(Uuid::from_u128(number))
}

pub fn witness(number: u128) -> Witness {
    Witness { person_id: person(number), key_id: KeyId(Uuid::from_u128(number << 8)) }
}

pub fn by(number: u128, role: Role) -> By {
    By { person: person(number), key: witness(number).key_id, role, proposer: None }
}

/// The same, confirming what another proposed.
pub fn after(by: By, proposer: u128) -> By {
    By { proposer: Some(witness(proposer)), ..by }
}

pub fn sealed() -> Sealed {
    Sealed { text_id: TextId(Uuid::from_u128(7)), hmac: "00".repeat(32) }
}

pub fn obligation() -> ObligationId {
    ObligationId(Uuid::from_u128(71))
}

pub fn incident() -> IncidentId {
    IncidentId(Uuid::from_u128(72))
}

pub fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

pub fn component(number: u8) -> ComponentId {
    ComponentId::parse(&format!("c{number}")).unwrap()
}

pub fn claim_id(number: u8) -> ClaimId {
    ClaimId::parse(&format!("k{number}")).unwrap()
}

pub fn photo_id() -> PhotoId {
    PhotoId(Uuid::from_u128(9))
}

pub fn parcel() -> ParcelId {
    ParcelId(Uuid::from_u128(8))
}

pub fn carrier() -> Carrier {
    Carrier::parse("sf").unwrap()
}

pub fn waybill() -> Waybill {
    Waybill::parse("SF1").unwrap()
}

pub fn weighing(micrograms: i64) -> Weighing {
    Weighing { typed: false, ..Weighing::typed(Mass(micrograms), BTreeSet::new(), None) }
}

pub fn with_tag(micrograms: i64) -> Weighing {
    Weighing { includes: BTreeSet::from([Included::Tag]), ..weighing(micrograms) }
}

/// What the sample piece weighs.
pub const WEIGHT: i64 = 56_000_000;

pub fn claim(number: u8, kind: ClaimKind) -> Claim {
    Claim {
        claim_id: claim_id(number),
        source: ClaimSource::Listed,
        component: Some(component(1)),
        kind,
        words: None,
        span: None,
        bound: Bound::Exactly,
        value: ClaimedValue::Name { name: name("翡翠") },
        negated: false,
        certainty: Certainty::High,
        also: Vec::new(),
        ambiguous: false,
    }
}

/// One jadeite bangle, declared as one main stone.
pub fn opened() -> PieceOpened {
    let part = DeclaredComponent {
        component: component(1),
        role: ComponentRole::MainStone,
        material: Some(name("翡翠")),
        treatment: None,
        fineness_ppm: None,
        weight: None,
    };
    PieceOpened {
        code: PieceCode::from_bits(1),
        line_no: 1,
        attempt: 1,
        follows: None,
        price: Money::parse(1_280_000, "CNY").unwrap(),
        pricing: Pricing::Fixed,
        custom_made: false,
        declared: Declared { components: vec![part], weight: None, sizes: Vec::new(), presented_certificate: None },
        segment: None,
        reference: false,
    }
}

pub fn appraisal() -> Appraisal {
    let test = Test { method: name("折射率"), instrument: None, value: None, unit: None, conclusion: None };
    let found = ComponentResult {
        component: component(1),
        role: ComponentRole::MainStone,
        state: ComponentState::Examined,
        material: Some(name("翡翠")),
        treatment: None,
        fineness_ppm: None,
        weight: None,
        sizes: Vec::new(),
        tests: vec![test],
        reason: None,
    };
    Appraisal {
        components: vec![found],
        weight: weighing(WEIGHT),
        presented_certificate: None,
        remarks: None,
        photo_ids: BTreeSet::new(),
    }
}

pub fn order(ship: Ship, lines: &[(i32, LineStatus)]) -> Order {
    let line = |line_no| PlacedLine {
        line_no,
        sku: None,
        title: sealed(),
        price: Money::parse(1_280_000, "CNY").unwrap(),
        pricing: Pricing::Fixed,
        custom_made: false,
    };
    let placed = OrderPlaced {
        tenant_id: TenantId::parse("t").unwrap(),
        order_no: OrderNo::parse("KS1").unwrap(),
        merchant_id: MerchantId::parse("m").unwrap(),
        merchant_person_id: person(21),
        buyer_id: person(22),
        streamer_id: None,
        warehouse_id: WarehouseId::parse("w").unwrap(),
        live_id: None,
        paid_at: 0,
        ship,
        guarantee_level: 9,
        guarantees: BTreeSet::new(),
        buyer_timezone: name("Asia/Shanghai"),
        merchant_timezone: name("Asia/Shanghai"),
        lines: lines.iter().map(|(line_no, _)| line(*line_no)).collect(),
        references: Vec::new(),
    };
    Order { placed: Arc::new(placed), lines: lines.to_vec(), rest: Default::default() }
}

/// A reading room and a rulebook that say what they are told to.
pub struct Told {
    pub transcript: bool,
    pub claims: Vec<Claim>,
    pub finding: Finding,
    /// The photos that a step takes.
    pub photos: Vec<(Step, &'static str)>,
    /// Whom else it asks to look, before and after the first outcome.
    pub because: BTreeSet<Because>,
    pub after: BTreeSet<Because>,
    /// How often it calls for the weight once more.
    pub repeats: usize,
    /// What its findings ask for at least; else it says nothing of severity.
    pub asks: Option<Asks>,
    /// It proposes nothing, whatever was claimed.
    pub forgets: bool,
    /// What its register says of every certificate's number.
    pub held_by: Option<HeldBy>,
}

/// One that has nothing to say.
pub fn told() -> Told {
    Told {
        transcript: false,
        claims: Vec::new(),
        photos: Vec::new(),
        finding: Finding::Confirmed,
        because: BTreeSet::new(),
        after: BTreeSet::new(),
        repeats: 0,
        asks: None,
        forgets: false,
        held_by: None,
    }
}

impl Rules for Told {
    fn read_claims(&self, _: &Piece) -> Reading {
        let transcript_id = self.transcript.then(|| sealed().text_id);
        Reading { transcript_id, lexicon_version: name("1"), claims: self.claims.clone() }
    }

    fn propose(&self, _: &Piece, _: &OrderPlaced, claims: &[Claim], _: &Appraisal) -> Vec<ProposedEntry> {
        let entry = |claim: &Claim| ProposedEntry { asks: self.asks, ..proposed(claim.claim_id.clone(), self.finding) };
        if self.forgets { Vec::new() } else { claims.iter().map(entry).collect() }
    }

    fn held_by(&self, _: &CertificateKey) -> Option<HeldBy> {
        self.held_by
    }

    fn version(&self) -> Name {
        name("1")
    }

    fn asked(&self, _: &Piece, _: &OrderPlaced) -> Asked {
        Asked { because: self.because.clone(), ..Asked::default() }
    }

    fn asked_after(&self, outcome: Verdict, _: bool) -> BTreeSet<Because> {
        if outcome == Verdict::Pass { BTreeSet::new() } else { self.after.clone() }
    }

    fn disputes(&self, _: &Piece, one: &Appraisal, other: &Appraisal) -> Vec<(Option<ComponentId>, Matter)> {
        let apart = one.weight.mass.0.abs_diff(other.weight.mass.0);
        if apart <= 50_000 { Vec::new() } else { vec![(None, Matter::Weight)] }
    }

    fn limits(&self, piece: &Piece, _: &OrderPlaced, _: &[Claim], _: &Appraisal) -> Limits {
        let due = piece.repeats(None).count() < self.repeats;
        Limits { repeat: due.then(|| (None, name("weight"))), guard: false }
    }

    fn photos_needed(&self, _: &Piece, step: Step) -> BTreeSet<Name> {
        self.photos.iter().filter(|(at, _)| *at == step).map(|(_, kind)| name(kind)).collect()
    }

    fn tests_lacking(&self, _: &Piece, found: &ComponentResult) -> Option<String> {
        let untested = found.tests.iter().all(|test| test.method.as_str() == "by eye");
        untested.then(|| "look with more than the eye".to_owned())
    }
}

pub fn proposed(claim_id: ClaimId, finding: Finding) -> ProposedEntry {
    ProposedEntry { claim_id, finding, main: true, essential: true, asks: None, rule: None, flags: Vec::new() }
}

pub fn recorded(seq: i32, author: u128, event: impl Into<Event>) -> Recorded {
    Recorded {
        seq,
        at: Timestamp::UNIX_EPOCH,
        person: Some(person(author)),
        key: Some(witness(author).key_id),
        role: Role::Desk,
        event: event.into(),
    }
}

/// Sequence numbers that the samples name each other by.
pub const BY_ANNA: i32 = 11;
pub const BY_BORIS: i32 = 12;
pub const READ: i32 = 21;
pub const NOT_READ: i32 = 22;
pub const PROPOSED: i32 = 31;
pub const PROPOSED_UNREAD: i32 = 32;

/// Samples of one kind: every variant that leads somewhere else, and some that lead nowhere. The kinds that have
/// something to say of two persons come with one and with two.
pub fn samples(kind: EventKind) -> Vec<Arc<Recorded>> {
    use EventKind::*;
    let reason = sealed;
    let one = |event: Event| vec![Arc::new(recorded(99, CLERK, event))];
    let two = |event: &dyn Fn(Witness) -> Event| {
        let (pair, alone) = (event(witness(BORIS)), event(witness(CHIEF)));
        vec![Arc::new(recorded(99, CHIEF, pair)), Arc::new(recorded(99, CHIEF, alone))]
    };
    let many = |events: Vec<(i32, u128, Event)>| {
        events.into_iter().map(|(seq, author, event)| Arc::new(recorded(seq, author, event))).collect()
    };
    match kind {
        OrderPlaced => one((*order(Ship::AsReady, &[]).placed).clone().into()),
        RestAsked => one(super::event::RestAsked { line_no: 1 }.into()),
        RestWanted => one(super::event::RestWanted {}.into()),
        RestDeclined => one(super::event::RestDeclined { by_deadline: false }.into()),
        CaseOpened => one(super::event::CaseOpened {
            piece: StreamId(1),
            kind: super::event::CaseKind::Retest,
            parcel_id: None,
            note: None,
        }
        .into()),
        CaseReported => {
            one(super::event::CaseReported { laboratory_id: None, number: None, contradicts: true, report: reason() }
                .into())
        }
        CaseDecisionProposed => {
            one(super::event::CaseDecisionProposed { upheld: true, amount: None, revokes: true, reason: reason() }
                .into())
        }
        CaseDecided => two(&|proposed_by| {
            super::event::CaseDecided {
                piece: StreamId(1),
                kind: super::event::CaseKind::Retest,
                upheld: true,
                amount: None,
                revokes: true,
                reason: reason(),
                proposed_by,
            }
            .into()
        }),
        LineFailed => one(super::event::LineFailed { line_no: 1 }.into()),
        LineCancelled => one(super::event::LineCancelled { line_no: 1, reason: None }.into()),
        DeadlinePassed => one(super::event::DeadlinePassed { clock: name("cleared:clerk"), due_at: 0 }.into()),
        DeadlineMoved => one(super::event::DeadlineMoved { clock: name("failed:merchant"), due_at: 0 }.into()),
        DeadlineNeared => one(super::event::DeadlineNeared { clock: name("awaiting_buyer:buyer"), due_at: 0 }.into()),
        PersonErased => one(super::event::PersonErased { person_id: person(22) }.into()),
        PieceOpened => one(opened().into()),
        SegmentSet => one(super::event::SegmentSet { segment: None, proposed_by: None }.into()),
        Dispatched => {
            one(super::event::Dispatched { parcel_id: parcel(), carrier: carrier(), waybill: waybill() }.into())
        }
        WaybillCorrected => {
            one(super::event::WaybillCorrected { parcel_id: parcel(), carrier: carrier(), waybill: waybill() }.into())
        }
        Received => one(super::event::Received { parcel_id: None, weight: weighing(WEIGHT), note: None }.into()),
        IntakeExceptionFound => {
            one(super::event::IntakeExceptionFound { condition: Condition::Damaged, parcel_id: None, note: None }
                .into())
        }
        ExceptionResolved => [Resolution::Received, Resolution::Returning, Resolution::Lost]
            .into_iter()
            .flat_map(|to| one(super::event::ExceptionResolved { to, reason: reason() }.into()))
            .collect(),
        Cancelled => one(super::event::Cancelled { reason: None }.into()),
        CancelRequested => one(super::event::CancelRequested { reason: None }.into()),
        TurnedBack => one(super::event::TurnedBack { note: None }.into()),
        Lost => one(super::event::Lost { note: None }.into()),
        AppraisalOpened => one(super::event::AppraisalOpened {}.into()),
        AppraisalSubmitted => {
            let event = || Event::from(super::event::AppraisalSubmitted { appraisal: appraisal() });
            let mut all: Vec<_> = many(vec![(BY_ANNA, ANNA, event()), (BY_BORIS, BORIS, event())]);
            all.push(Arc::new(Recorded { person: None, ..recorded(13, ANNA, event()) }));
            all
        }
        MeasurementRepeated => one(super::event::MeasurementRepeated {
            component: None,
            quantity: name("weight"),
            weighing: Some(weighing(WEIGHT)),
            value: None,
        }
        .into()),
        HandedOver => one(super::event::HandedOver { to: person(BORIS) }.into()),
        AppraisalSettled => [vec![BY_ANNA], vec![BY_BORIS], vec![BY_ANNA, BY_BORIS], vec![]]
            .into_iter()
            .flat_map(|appraisals| {
                one(super::event::AppraisalSettled { appraisals, weight: weighing(WEIGHT), metal: false, looks: None }
                    .into())
            })
            .collect(),
        ClaimsRead => {
            let event = |transcript_id| super::event::ClaimsRead {
                transcript_id,
                lexicon_version: name("1"),
                claims: vec![claim(1, ClaimKind::Material)],
            };
            many(vec![(READ, ANNA, event(Some(sealed().text_id)).into()), (NOT_READ, ANNA, event(None).into())])
        }
        LedgerProposed => {
            let event = |claims_seq| super::event::LedgerProposed {
                claims_seq,
                rulebook_version: name("1"),
                entries: vec![proposed(claim_id(1), Finding::Confirmed)],
            };
            let empty = super::event::LedgerProposed { entries: Vec::new(), ..event(READ) };
            many(vec![
                (PROPOSED, ANNA, event(READ).into()),
                (PROPOSED_UNREAD, ANNA, event(NOT_READ).into()),
                (33, ANNA, empty.into()),
            ])
        }
        EntrySettled => {
            let mut all = Vec::new();
            for proposal_seq in [PROPOSED, PROPOSED_UNREAD] {
                for finding in [Some(Finding::Confirmed), Some(Finding::NotTested), Some(Finding::Contradicted), None] {
                    for proposed_by in [None, Some(witness(BORIS)), Some(witness(CHIEF))] {
                        all.extend(one(super::event::EntrySettled {
                            proposal_seq,
                            claim_id: claim_id(1),
                            finding,
                            added: None,
                            note: None,
                            proposed_by,
                        }
                        .into()));
                    }
                }
            }
            // The clerk is the author above: for them Boris and the chief are others.
            all.push(Arc::new(recorded(
                99,
                CHIEF,
                super::event::EntrySettled {
                    proposal_seq: PROPOSED,
                    claim_id: claim_id(1),
                    finding: None,
                    added: None,
                    note: None,
                    proposed_by: Some(witness(CHIEF)),
                },
            )));
            all
        }
        SpeechUnavailable => {
            two(&|proposed_by| super::event::SpeechUnavailable { reason: reason(), proposed_by }.into())
        }
        RepeatCalled => one(super::event::RepeatCalled { component: None, quantity: name("weight") }.into()),
        SecondLookCalled => one(super::event::SecondLookCalled { because: BTreeSet::new() }.into()),
        VerdictGiven => Verdict::ALL
            .into_iter()
            .flat_map(|verdict| [PROPOSED, PROPOSED_UNREAD].map(|proposal_seq| (verdict, proposal_seq)))
            .flat_map(|(verdict, proposal_seq)| {
                one(super::event::VerdictGiven {
                    proposal_seq,
                    verdict,
                    derived: Verdict::Pass,
                    reason: None,
                    rulebook_version: None,
                }
                .into())
            })
            .collect(),
        AppraisalReopened => one(super::event::AppraisalReopened { reason: reason() }.into()),
        DifferenceAccepted => ["ab".repeat(32), String::new()]
            .into_iter()
            .flat_map(|shown_digest| one(super::event::DifferenceAccepted { shown_digest }.into()))
            .collect(),
        DifferenceRefused => one(super::event::DifferenceRefused { by_deadline: false }.into()),
        OutsideReportRecorded => one(super::event::OutsideReportRecorded {
            laboratory_id: LaboratoryId::parse("l").unwrap(),
            number: CertificateNo::parse("1").unwrap(),
            results: Vec::new(),
        }
        .into()),
        DisclosedToBuyer => {
            one(super::event::DisclosedToBuyer { open_points: vec![claim_id(1)], reason: reason() }.into())
        }
        GivenUp => one(super::event::GivenUp { reason: reason() }.into()),
        Appealed => one(super::event::Appealed { reason: reason() }.into()),
        AppealLapsed => one(super::event::AppealLapsed { waived: true, reason: None }.into()),
        Overridden => two(&|proposed_by| super::event::Overridden { reason: reason(), proposed_by }.into()),
        QuarantineLifted => two(&|proposed_by| super::event::QuarantineLifted { reason: reason(), proposed_by }.into()),
        QuarantineUpheld => [Upheld::Returning, Upheld::HandedToAuthority]
            .into_iter()
            .flat_map(|to| {
                two(&|proposed_by| {
                    super::event::QuarantineUpheld { to, reference: None, reason: reason(), proposed_by }.into()
                })
            })
            .collect(),
        Tagged => [weighing(WEIGHT), weighing(WEIGHT + 60_000), with_tag(WEIGHT)]
            .into_iter()
            .flat_map(|weight| {
                one(super::event::Tagged {
                    tag: Tag::parse("T1").unwrap(),
                    weight,
                    weight_with_tag: with_tag(WEIGHT + 1_000_000),
                    photo_ids: BTreeSet::new(),
                }
                .into())
            })
            .collect(),
        PackingMismatchFound => one(super::event::PackingMismatchFound {
            weight: weighing(WEIGHT + 60_000),
            settled: weighing(WEIGHT),
            reason: None,
        }
        .into()),
        Untagged => one(super::event::Untagged { reason: reason() }.into()),
        Released => {
            let event = || super::event::Released { certificate_code: CertificateCode::parse("TS-1").unwrap() }.into();
            many(vec![(99, CHIEF, event()), (99, ANNA, event()), (99, BORIS, event())])
        }
        CapsuleRevoked => [RevokedTo::Cleared, RevokedTo::Returning]
            .into_iter()
            .flat_map(|to| one(super::event::CapsuleRevoked { to, reason: reason() }.into()))
            .collect(),
        Shipped => one(super::event::Shipped { carrier: carrier(), waybill: waybill() }.into()),
        Delivered => one(super::event::Delivered { delivered_at: 0 }.into()),
        Refused => one(super::event::Refused { note: None }.into()),
        Completed => one(super::event::Completed {}.into()),
        ReturnOpened => one(super::event::ReturnOpened { reason: None }.into()),
        ReturnPosted => one(super::event::ReturnPosted { carrier: carrier(), waybill: waybill() }.into()),
        ReturnReceived => one(super::event::ReturnReceived {
            weight: weighing(WEIGHT),
            note: None,
            tag: None,
            tag_intact: None,
            sizes: Vec::new(),
        }
        .into()),
        ReturnLapsed => one(super::event::ReturnLapsed {}.into()),
        SamePieceConfirmed => two(&|proposed_by| super::event::SamePieceConfirmed { proposed_by }.into()),
        NotSamePieceFound => {
            two(&|proposed_by| super::event::NotSamePieceFound { reason: reason(), proposed_by }.into())
        }
        IdentityUnclear => two(&|proposed_by| super::event::IdentityUnclear { reason: reason(), proposed_by }.into()),
        ReturnShipped => one(super::event::ReturnShipped { carrier: carrier(), waybill: waybill() }.into()),
        Returned => one(super::event::Returned { picked_up: false }.into()),
        Unclaimed => one(super::event::Unclaimed {}.into()),
        DeliveredBack => one(super::event::DeliveredBack {}.into()),
        LostInCustody => one(super::event::LostInCustody { note: sealed() }.into()),
        DamagedInCustody => one(super::event::DamagedInCustody { note: sealed() }.into()),
        Corrected => {
            let event = |seq, replacement| super::event::Corrected { seq, replacement, reason: reason() }.into();
            let appraisal = || Replacement::Appraisal { appraisal: appraisal() };
            many(vec![
                (99, ANNA, event(BY_ANNA, appraisal())),
                (99, BORIS, event(BY_BORIS, appraisal())),
                (99, CLERK, event(BY_ANNA, appraisal())),
                (99, ANNA, event(99, Replacement::Entry { finding: Finding::Confirmed, note: None })),
                (99, CLERK, event(5, Replacement::ReceivedWeight { weight: weighing(WEIGHT) })),
                (99, CLERK, event(6, Replacement::Note { text: sealed() })),
            ])
        }
        NoteAdded => one(super::event::NoteAdded { text: sealed() }.into()),
        PhotoAdded => one(super::event::PhotoAdded {
            photo_id: photo_id(),
            kind: name("appraisal"),
            original_sha256: "00".repeat(32),
            shown_sha256: None,
            media_type: name("image/jpeg"),
            size_bytes: 1,
            small_sha256: None,
            captured_at: None,
            fingerprint: None,
        }
        .into()),
        CertificateClashFound => one(super::event::CertificateClashFound {
            body: name("NGTC"),
            number: super::ids::CertificateNo::parse("N-1").unwrap(),
            held_by: HeldBy::ClosedPiece,
        }
        .into()),
        SameArticleAnswered => one(super::event::SameArticleAnswered { clash_seq: 99, same: true, note: None }.into()),
        ObligationArose => one(super::event::ObligationArose {
            id: obligation(),
            rule: OwedRule::RefundInFull,
            debtor: Party::Merchant,
            creditor: Party::Buyer,
            line_no: 1,
            stream_id: None,
            amount: Some(1_280_000),
            at_most: None,
            currency: Currency::parse("CNY").unwrap(),
            clause: name("platform rule"),
            cause: Some(7),
            rulebook_version: name("1"),
        }
        .into()),
        ObligationReversed => one(super::event::ObligationReversed { id: obligation(), cause: None }.into()),
        ObligationAmountSet => {
            one(super::event::ObligationAmountSet { id: obligation(), amount: 500, reason: reason() }.into())
        }
        ObligationSettled => one(super::event::ObligationSettled { id: obligation(), settled_at: 1 }.into()),
        IncidentConfirmed => one(super::event::IncidentConfirmed {
            id: incident(),
            kind: IncidentKind::Late,
            line_no: 1,
            stream_id: StreamId(1),
            occasion: None,
            clause: name("platform rule"),
            cause: 2,
            rulebook_version: name("1"),
        }
        .into()),
        IncidentWithdrawn => one(super::event::IncidentWithdrawn { id: incident(), cause: 3 }.into()),
        LessonRead => one(super::event::LessonRead { id: incident() }.into()),
        StepAppealed => one(super::event::StepAppealed { id: incident(), reason: reason() }.into()),
        StepAppealDecided => {
            one(super::event::StepAppealDecided { id: incident(), granted: true, reason: reason() }.into())
        }
        StepLifted => one(super::event::StepLifted { id: incident(), reason: reason() }.into()),
        CarrierMoved => one(super::event::CarrierMoved { leg: 2, at: 1 }.into()),
        CarrierExceptionFound => one(super::event::CarrierExceptionFound {
            leg: 2,
            what: super::transit::TransitTrouble::ProxySigned,
            at: 1,
        }
        .into()),
        NoticeAccepted => {
            let accepted =
                super::event::NoticeAccepted { notice: name("choice_needed"), channel: name("mail"), seq: 99 };
            one(accepted.into())
        }
    }
}
