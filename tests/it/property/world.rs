//! A small world in memory: one order, its pieces and cases, the people around them, and a rulebook that is easy to
//! foresee.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use touchstone::domain::actor::{By, Role, Witness};
use touchstone::domain::appraisal::*;
use touchstone::domain::cases::Case;
use touchstone::domain::command::{Asked, Reading, Rules, Step};
use touchstone::domain::deadline::{Clock, Deadline, OrderClock};
use touchstone::domain::event::*;
use touchstone::domain::ids::*;
use touchstone::domain::ledger::*;
use touchstone::domain::looks::{Because, Limits, Matter};
use touchstone::domain::order::{LineStatus, Order, Rest};
use touchstone::domain::orders::{Facts, OrderCommand, Waits, Whole, decide_order};
use touchstone::domain::piece::Piece;
use touchstone::domain::quantity::{Included, Mass, Money, Weighing};
use touchstone::domain::refusal::Refusal;
use touchstone::domain::route::Stage;
use touchstone::domain::text::{Name, Sealed};
use uuid::Uuid;

/// Numbers from one seed (SplitMix64): small seeds make small choices, which is what a walk shrinks to.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        if self.0 == 0 {
            return 0;
        }
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15).max(1);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % bound as u64) as usize
    }

    /// True once in so many times; never with the smallest seed.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) + 1 == times
    }

    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}

/// Somebody with one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Actor {
    pub name: &'static str,
    pub person: u128,
    pub key: u128,
    pub role: Role,
}

const fn actor(name: &'static str, person: u128, key: u128, role: Role) -> Actor {
    Actor { name, person, key, role }
}

pub const ANNA: Actor = actor("Anna", 1, 101, Role::Inspector);
pub const BORIS: Actor = actor("Boris", 2, 102, Role::Inspector);
pub const CLARA: Actor = actor("Clara", 3, 103, Role::Inspector);
pub const DORA: Actor = actor("Dora", 13, 113, Role::Inspector);
pub const CLERK: Actor = actor("the clerk", 4, 104, Role::Clerk);
pub const CHIEF: Actor = actor("the chief", 5, 105, Role::Supervisor);
pub const MERCHANT: Actor = actor("the merchant", 6, 106, Role::Merchant);
pub const PLATFORM: Actor = actor("the platform", 7, 107, Role::Platform);

/// A person with two keys: she appraises, and is a supervisor too.
pub const DEPUTY: Actor = actor("Anna with a supervisor's key", 1, 111, Role::Supervisor);

/// What the house does by itself.
pub const DESK: Actor = actor("the desk", 0, 0, Role::Desk);

/// Acts by a link, without a key of their own.
pub const BUYER: Actor = actor("the buyer", 11, 0, Role::Buyer);

/// Four, so that after an appeal two are left who have not looked.
pub const INSPECTORS: [Actor; 4] = [ANNA, BORIS, CLARA, DORA];

/// Everybody who may try something. Two persons hold two keys, and two have no business here.
pub const CAST: [Actor; 15] = [
    ANNA,
    BORIS,
    CLARA,
    DORA,
    CLERK,
    CHIEF,
    MERCHANT,
    PLATFORM,
    DEPUTY,
    actor("the clerk with an inspector's key", 4, 114, Role::Inspector),
    actor("the auditor", 8, 108, Role::Auditor),
    actor("the operator", 9, 109, Role::Operator),
    DESK,
    actor("the carrier", 12, 0, Role::Carrier),
    BUYER,
];

impl Actor {
    pub fn witness(&self) -> Witness {
        Witness { person_id: PersonId(Uuid::from_u128(self.person)), key_id: KeyId(Uuid::from_u128(self.key)) }
    }

    pub fn by(&self) -> By {
        let Witness { person_id, key_id } = self.witness();
        By { person: person_id, key: key_id, role: self.role, proposer: None }
    }

    /// Confirming what another proposed.
    pub fn after(&self, proposer: Actor) -> By {
        By { proposer: Some(proposer.witness()), ..self.by() }
    }
}

pub fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

pub fn sealed() -> Sealed {
    Sealed { text_id: TextId(Uuid::from_u128(1)), hmac: "0f".repeat(32) }
}

pub fn carrier() -> Carrier {
    Carrier::parse("sf").unwrap()
}

pub fn waybill(dice: &mut Dice) -> Waybill {
    Waybill::parse(&format!("SF{}", dice.below(1_000))).unwrap()
}

pub fn component(number: usize) -> ComponentId {
    ComponentId::parse(&format!("c{number}")).unwrap()
}

pub fn claim_id(number: usize) -> ClaimId {
    ClaimId::parse(&format!("k{number}")).unwrap()
}

pub fn weighing(micrograms: i64) -> Weighing {
    Weighing { typed: false, ..Weighing::typed(Mass(micrograms), BTreeSet::new(), None) }
}

pub const WEIGHT: i64 = 56_020_000;

pub const PRICE: i64 = 1_280_000;

/// When a walk begins, and its order was paid.
const BEGINNING: i64 = 1_790_000_000_000_000;

pub const MATERIALS: [&str; 3] = ["翡翠", "和田玉", "18K金"];

/// What the reading room and the rulebook say. They compare materials by their words and weights by 0.05 g.
#[derive(Clone, Debug)]
pub struct Book {
    /// Whether the session has a transcript; a piece is in it where it has a segment.
    pub transcript: bool,
    pub needed: usize,
}

impl Rules for Book {
    fn read_claims(&self, piece: &Piece) -> Reading {
        let claim = |number, source, component, kind, value| Claim {
            claim_id: claim_id(number),
            source,
            component,
            kind,
            words: None,
            span: None,
            bound: Bound::About,
            value,
            negated: false,
            certainty: Certainty::High,
            also: Vec::new(),
            ambiguous: false,
        };
        let declared = &piece.opened().declared;
        let mut claims = Vec::new();
        for part in &declared.components {
            let value = ClaimedValue::Name { name: part.material.clone().unwrap() };
            let id = Some(part.component.clone());
            claims.push(claim(claims.len() + 1, ClaimSource::Listed, id, ClaimKind::Material, value));
        }
        if let Some(weight) = declared.weight.clone() {
            let value = ClaimedValue::Weight { weight, upper: None };
            claims.push(claim(claims.len() + 1, ClaimSource::Listed, None, ClaimKind::Weight, value));
        }
        let read = self.transcript && piece.segment().is_some();
        if read {
            let value = ClaimedValue::Name { name: name("缅甸") };
            claims.push(claim(claims.len() + 1, ClaimSource::Spoken, None, ClaimKind::Origin, value));
        }
        let transcript_id = read.then(|| TextId(Uuid::from_u128(2)));
        Reading { transcript_id, lexicon_version: name("1"), claims }
    }

    fn propose(&self, piece: &Piece, _: &OrderPlaced, claims: &[Claim], appraisal: &Appraisal) -> Vec<ProposedEntry> {
        let is_first = piece.opened().line_no == 1;
        let finding = |claim: &Claim| match (&claim.value, &claim.component) {
            (_, None) if claim.kind == ClaimKind::Origin => Finding::NotTestable,
            (ClaimedValue::Weight { weight, .. }, _) => {
                let apart = weight.mass.0.abs_diff(appraisal.weight.mass.0);
                if apart <= 50_000 { Finding::Confirmed } else { Finding::Contradicted }
            }
            (ClaimedValue::Name { name }, Some(id)) => match appraisal.component(id) {
                Some(found) if found.material.as_ref() == Some(name) => Finding::Confirmed,
                Some(found) if found.material.is_some() => Finding::Contradicted,
                Some(_) | None => Finding::NotTested,
            },
            _ => Finding::NotTested, // Claims that the walk's inspectors think up.
        };
        let entry = |claim: &Claim| ProposedEntry {
            claim_id: claim.claim_id.clone(),
            finding: finding(claim),
            main: claim.component != Some(component(2)),
            essential: claim.kind.is_essential(),
            asks: None,
            rule: None,
            // What was said of the first line breaches a rule of speech.
            flags: if claim.source == ClaimSource::Spoken && is_first { vec![name("ad_absolute")] } else { Vec::new() },
        };
        claims.iter().map(entry).collect()
    }

    fn version(&self) -> Name {
        name("1")
    }

    fn asked(&self, _: &Piece, _: &OrderPlaced) -> Asked {
        let because = if self.needed < 2 { BTreeSet::new() } else { BTreeSet::from([Because::Value]) };
        Asked { because, ..Asked::default() }
    }

    fn asked_after(&self, outcome: Verdict, _: bool) -> BTreeSet<Because> {
        if outcome == Verdict::Pass { BTreeSet::new() } else { BTreeSet::from([Because::FirstOutcome]) }
    }

    fn disputes(&self, _: &Piece, one: &Appraisal, other: &Appraisal) -> Vec<(Option<ComponentId>, Matter)> {
        let apart = one.weight.mass.0.abs_diff(other.weight.mass.0);
        let mut disputes = Vec::new();
        if 7_000 < apart || one.weight.includes != other.weight.includes {
            disputes.push((None, Matter::Weight));
        }
        for part in &one.components {
            let same = other.component(&part.component).is_some_and(|again| again.material == part.material);
            if !same {
                disputes.push((Some(part.component.clone()), Matter::Material));
            }
        }
        disputes
    }

    /// A weight that ends in 8 or 9 mg lies at its limit.
    fn limits(&self, piece: &Piece, _: &OrderPlaced, _: &[Claim], appraisal: &Appraisal) -> Limits {
        let is_near = 8 <= appraisal.weight.mass.0 / 1_000 % 10;
        let is_due = is_near && piece.repeats(None).count() < 2;
        Limits { repeat: is_due.then(|| (None, name("weight"))), guard: false }
    }

    /// Every clock of the stage, each over after as many steps, and once; the dispatch when the rulebook says.
    fn running(&self, piece: &Piece, order: &OrderPlaced) -> Vec<Deadline> {
        let due_at = |clock: Clock| match clock {
            Clock::Dispatch => promised(piece.opened().attempt, piece.history()[0].at, order),
            _ => piece.since().at + SignedDuration::from_secs(WAIT), // Whosever time it is.
        };
        let passed = |clock: &Clock| piece.passed().any(|passed| passed.clock.as_str() == clock.as_str());
        let clocks = Clock::ALL.iter().filter(|clock| clock.stage() == piece.stage() && !passed(clock));
        clocks.map(|clock| Deadline { clock: *clock, due_at: due_at(*clock), remind_at: None }).collect()
    }

    /// Photos and tests are the rulebook's; the machine does not ask for them.
    fn photos_needed(&self, _: &Piece, _: Step) -> BTreeSet<Name> {
        BTreeSet::new()
    }

    fn tests_lacking(&self, _: &Piece, _: &ComponentResult) -> Option<String> {
        None
    }
}

/// How long every wait of this world lasts, in seconds and so in steps.
pub const WAIT: i64 = 40;

impl Waits for Book {
    fn of_order(&self, _: OrderClock, since: Timestamp, moved: Option<Timestamp>) -> Option<Timestamp> {
        let promised = since.checked_add(SignedDuration::from_secs(WAIT)).ok()?;
        Some(moved.map_or(promised, |moved| promised.max(moved)))
    }

    fn of_case(&self, _: bool, since: Timestamp) -> Option<Timestamp> {
        since.checked_add(SignedDuration::from_secs(WAIT)).ok()
    }
}

/// One piece, with the journal as a store would hold it.
#[derive(Clone)]
pub struct Slot {
    pub stream: i32,
    pub line_no: i32,
    pub attempt: i32,
    pub piece: Piece,
    pub journal: Vec<Arc<Recorded>>,
    /// Where each event of the journal led the piece.
    pub way: Vec<(Stage, Option<Outcome>)>,
}

/// One case, with its journal.
#[derive(Clone)]
pub struct Disputed {
    pub stream: StreamId,
    pub case: Case,
    pub journal: Vec<Arc<Recorded>>,
}

/// How the world begins; a part of what a walk shrinks.
#[derive(Clone, Debug)]
pub struct Setting {
    pub lines: i32,
    pub together: bool,
    pub transcript: bool,
    pub needed: usize,
}

#[derive(Clone)]
pub struct World {
    /// The order as a decision on a piece sees it.
    pub order: Order,
    /// What the order's own journal tells.
    pub facts: Facts,
    /// That journal, without what is owed, which the books keep.
    pub own: Vec<Arc<Recorded>>,
    pub book: Arc<Book>,
    /// Every piece, in the order in which they began.
    pub slots: Vec<Slot>,
    pub cases: Vec<Disputed>,
    /// When a line that others, or the question about the rest, had held back was seen to be free again.
    pub freed: Vec<(i32, Timestamp)>,
    held: BTreeSet<i32>,
    clock: i64,
    numbers: u64,
}

impl World {
    pub fn new(setting: &Setting) -> Self {
        Self::begun(setting, 1)
    }

    /// The same, whose first line is being tried for so many times already.
    pub fn begun(setting: &Setting, attempt: i32) -> Self {
        let line = |line_no| PlacedLine {
            line_no,
            sku: None,
            title: sealed(),
            price: Money::parse(PRICE, "CNY").unwrap(),
            pricing: Pricing::Fixed,
            custom_made: false,
        };
        // Signed or not, so that both are seen.
        let signed = [("return_freight", setting.together), ("warranty_180d", setting.transcript)];
        let guarantees = signed.into_iter().filter(|(_, is)| *is).map(|(text, _)| name(text)).collect();
        let placed = OrderPlaced {
            tenant_id: TenantId::parse("t-1").unwrap(),
            order_no: OrderNo::parse("KS202611220001").unwrap(),
            merchant_id: MerchantId::parse("m-1").unwrap(),
            merchant_person_id: MERCHANT.witness().person_id,
            buyer_id: PersonId(Uuid::from_u128(20)),
            streamer_id: None,
            warehouse_id: WarehouseId::parse("w-1").unwrap(),
            live_id: Some(LiveId::parse("r-9").unwrap()),
            paid_at: BEGINNING,
            ship: if setting.together { Ship::Together } else { Ship::AsReady },
            guarantee_level: 9,
            guarantees,
            buyer_timezone: name("Asia/Shanghai"),
            merchant_timezone: name("Asia/Shanghai"),
            lines: (1..=setting.lines).map(line).collect(),
            references: Vec::new(),
        };
        let mut world = Self {
            order: Order { placed: Arc::new(placed.clone()), lines: Vec::new(), rest: Rest::Settled },
            facts: Facts::default(),
            own: Vec::new(),
            book: Arc::new(Book { transcript: setting.transcript, needed: setting.needed }),
            slots: Vec::new(),
            cases: Vec::new(),
            freed: Vec::new(),
            held: BTreeSet::new(),
            clock: BEGINNING,
            numbers: 0,
        };
        let now = world.now();
        world.record_own(placed.into(), &PLATFORM.by(), now);
        for line_no in 1..=setting.lines {
            let attempt = if line_no == 1 { attempt } else { 1 };
            let follows = (1 < attempt).then_some(StreamId(9));
            let opened = PieceOpened { attempt, follows, ..world.opened(line_no) };
            let now = world.now();
            world.open(StreamId(line_no), opened.into(), &PLATFORM.by(), now);
        }
        world.look();
        world
    }

    /// A second later than before.
    pub fn now(&mut self) -> Timestamp {
        self.clock += 1_000_000;
        Timestamp::from_microsecond(self.clock).unwrap()
    }

    /// Nothing happens for some hours.
    pub fn rest(&mut self, hours: i64) {
        self.clock += hours * 3_600_000_000;
    }

    /// Nothing happens until every wait that runs is over, but for the dispatch's.
    pub fn outwait(&mut self) {
        self.clock += (WAIT + 1) * 1_000_000;
    }

    /// Whether the merchant has signed a guarantee.
    pub fn signed(&self, guarantee: &str) -> bool {
        self.order.placed.guarantees.iter().any(|signed| signed.as_str() == guarantee)
    }

    pub fn instant(&self) -> i64 {
        self.clock
    }

    pub fn time(&self) -> Timestamp {
        Timestamp::from_microsecond(self.clock).unwrap()
    }

    /// A number that was not given before.
    pub fn fresh(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    fn opened(&self, line_no: i32) -> PieceOpened {
        let part = |number: usize, role| DeclaredComponent {
            component: component(number),
            role,
            material: Some(name(MATERIALS[number - 1])),
            treatment: None,
            fineness_ppm: None,
            weight: None,
        };
        // Bare metal, a bangle of one stone, and a ring of two parts: the allowance for the packing weight differs.
        let components = match line_no {
            1 => vec![part(1, ComponentRole::MainStone)],
            2 => vec![part(1, ComponentRole::MainStone), part(2, ComponentRole::SideStone)],
            _ => vec![part(1, ComponentRole::Metal), part(2, ComponentRole::Cord)],
        };
        PieceOpened {
            code: PieceCode::from_bits(line_no as u64),
            line_no,
            attempt: 1,
            follows: None,
            price: Money::parse(PRICE, "CNY").unwrap(),
            pricing: Pricing::Fixed,
            custom_made: false,
            declared: Declared {
                components,
                weight: Some(weighing(WEIGHT)),
                sizes: Vec::new(),
                presented_certificate: None,
            },
            segment: Some(Segment { from_ms: 1_000, to_ms: 90_000 }),
            reference: false,
        }
    }

    /// The piece that fills a line at present, by its place.
    pub fn filling(&self, line_no: i32) -> usize {
        self.slots.iter().rposition(|slot| slot.line_no == line_no).expect("every line has a piece")
    }

    /// The order as a decision on all of it sees it.
    pub fn whole(&self) -> Whole {
        Whole {
            placed: self.order.placed.clone(),
            facts: self.facts.clone(),
            pieces: self.slots.iter().map(|slot| (StreamId(slot.stream), slot.piece.clone())).collect(),
            cases: self.cases.iter().map(|one| (one.stream, one.case.clone())).collect(),
            next: StreamId((self.slots.len() + self.cases.len()) as i32 + 1),
        }
    }

    /// What a command on the whole order would make of it.
    pub fn decide_order(
        &self,
        command: &OrderCommand,
        by: &By,
        now: Timestamp,
    ) -> Result<Vec<(StreamId, Event)>, Refusal> {
        decide_order(&self.whole(), command, by, now, &*self.book)
    }

    /// Lets one event happen to a piece, or not.
    pub fn record(
        &mut self,
        at: usize,
        event: Event,
        by: &By,
        now: Timestamp,
    ) -> Result<(), touchstone::domain::piece::Corrupt> {
        let slot = &mut self.slots[at];
        let recorded = Arc::new(written(slot.piece.head() + 1, event, by, now));
        slot.piece.apply(recorded.clone())?;
        slot.journal.push(recorded);
        slot.way.push((slot.piece.stage(), slot.piece.standing().outcome()));
        self.show();
        Ok(())
    }

    /// Begins a piece.
    pub fn open(&mut self, stream: StreamId, event: Event, by: &By, now: Timestamp) {
        let first = written(1, event, by, now);
        let piece = Piece::fold([first.clone()]).expect("a piece begins");
        let (line_no, attempt) = (piece.opened().line_no, piece.opened().attempt);
        let (journal, way) = (vec![Arc::new(first)], vec![(piece.stage(), None)]);
        self.slots.push(Slot { stream: stream.0, line_no, attempt, piece, journal, way });
        self.show();
    }

    /// Writes into the order's own journal.
    pub fn record_own(&mut self, event: Event, by: &By, now: Timestamp) {
        let recorded = Arc::new(written(self.own.len() as i32 + 1, event, by, now));
        self.facts.apply(&recorded);
        self.own.push(recorded);
        self.show();
    }

    /// Writes into a case's journal, or begins it; none where the event does not follow.
    pub fn record_case(&mut self, stream: StreamId, event: Event, by: &By, now: Timestamp) -> Option<()> {
        if let Some(known) = self.cases.iter_mut().find(|one| one.stream == stream) {
            let recorded = Arc::new(written(known.case.head() + 1, event, by, now));
            known.case.apply(&recorded)?;
            known.journal.push(recorded);
            return Some(());
        }
        let first = written(1, event, by, now);
        let case = Case::fold([first.clone()])?;
        self.cases.push(Disputed { stream, case, journal: vec![Arc::new(first)] });
        Some(())
    }

    fn show(&mut self) {
        let lines = self.order.placed.lines.iter().filter_map(|line| {
            let slot = self.slots.iter().rev().find(|slot| slot.line_no == line.line_no)?;
            Some((line.line_no, self.facts.line(line.line_no, slot.piece.line_status())))
        });
        self.order.lines = lines.collect();
        self.order.rest = if self.facts.asked.is_some() { Rest::Asked } else { Rest::Settled };
    }

    /// Notes which lines are held back by others, and which no longer are, once a command is done.
    pub fn look(&mut self) {
        let open = self.facts.asked.is_some();
        for (line_no, _) in &self.order.lines {
            let waits = |(other, status): &(i32, LineStatus)| other != line_no && *status < LineStatus::Passed;
            if open || self.order.lines.iter().any(waits) {
                self.held.insert(*line_no);
            } else if self.held.remove(line_no) {
                self.freed.push((*line_no, Timestamp::from_microsecond(self.clock).unwrap()));
            }
        }
    }

    /// Whether nothing will happen to any line any more.
    pub fn is_over(&self) -> bool {
        self.order.lines.iter().all(|(_, status)| !status.is_open())
    }
}

/// Until when a piece is to be sent: two days from the payment, or from the opening of a later try; by day where the
/// merchant lives.
pub fn promised(attempt: i32, opened: Timestamp, order: &OrderPlaced) -> Timestamp {
    let begun = match attempt {
        1 => Timestamp::from_microsecond(order.paid_at).unwrap(),
        _ => opened, // Another in place of one that failed.
    };
    let zone = jiff::tz::TimeZone::get("Asia/Shanghai").unwrap();
    let due = (begun + SignedDuration::from_hours(48)).to_zoned(zone);
    let nine = |day: jiff::Zoned| day.with().hour(9).minute(0).second(0).subsec_nanosecond(0).build().unwrap();
    match due.hour() {
        ..9 => nine(due).timestamp(),
        22.. => nine(due.tomorrow().unwrap()).timestamp(),
        _ => due.timestamp(),
    }
}

pub fn written(seq: i32, event: Event, by: &By, at: Timestamp) -> Recorded {
    // The desk is nobody, as it is in a stored journal.
    let person = Some(by.person).filter(|person| *person != PersonId::NONE);
    let key = Some(by.key).filter(|key| *key != KeyId::NONE);
    Recorded { seq, at, person, key, role: by.role, event }
}

/// What an inspector finds: mostly what was declared.
pub fn appraisal(piece: &Piece, dice: &mut Dice) -> Appraisal {
    let test = Test { method: name("折射率"), instrument: None, value: None, unit: None, conclusion: None };
    let odd = dice.below(12);
    let examined = |part: &DeclaredComponent| {
        let state = match odd {
            8 => ComponentState::NotExamined,
            9 => ComponentState::CannotBeDetermined,
            _ => ComponentState::Examined,
        };
        let known = state == ComponentState::Examined;
        let material = if odd == 10 { Some(name("玻璃")) } else { part.material.clone() };
        ComponentResult {
            component: part.component.clone(),
            role: part.role,
            state,
            material: material.filter(|_| known),
            treatment: None,
            fineness_ppm: None,
            weight: None,
            sizes: Vec::new(),
            tests: if known { vec![test.clone()] } else { Vec::new() },
            reason: (!known).then(sealed),
        }
    };
    let mut components: Vec<_> = piece.opened().declared.components.iter().map(examined).collect();
    let mut weight = weighing(WEIGHT + 1_000 * dice.below(10) as i64);
    if odd == 11 {
        weight.includes.insert(Included::Cord);
    }
    // Sometimes an entry that is not complete.
    match dice.below(24) {
        20 => drop(components.pop()),
        21 => components.iter_mut().for_each(|found| found.tests.clear()),
        22 => components.iter_mut().for_each(|found| found.reason = None),
        23 => components.extend(components.clone()),
        _ => {} // Mostly it is.
    }
    Appraisal { components, weight, presented_certificate: None, remarks: None, photo_ids: BTreeSet::new() }
}
