//! A small world to test in: a migrated database with a warehouse, its people, and orders taken as far as a test needs,
//! through the desk and without HTTP. Its clock moves a second with every question, so nothing waits.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use touchstone::desk::people::Details;
use touchstone::desk::place::{NewLine, NewMerchant, NewParty};
use touchstone::desk::receipt::{OrderReceipt, PieceReceipt, Receipt};
use touchstone::desk::{Desk, Error, KeyGrant, KeyScope, Located, NewOrder, Options, Place, Request, Seals};
use touchstone::domain::actor::{By, Role, Witness};
use touchstone::domain::appraisal::*;
use touchstone::domain::command::{Command, CommandKind, ReturnEnd, Rules, SettledEntry, Step};
use touchstone::domain::event::{Condition, PhotoAdded, Pricing, Ship};
use touchstone::domain::fingerprint::Fingerprint;
use touchstone::domain::ids::*;
use touchstone::domain::ledger::Verdict;
use touchstone::domain::piece::Piece;
use touchstone::domain::quantity::{Included, Mass, Money, Weighing};
use touchstone::domain::refusal::Refusal;
use touchstone::domain::route::Stage;
use touchstone::domain::text::{Name, Sealed};
use touchstone::store::entity::{events, laboratories};
use touchstone::store::{Store, journal};
use touchstone::vault::Secrets;
use uuid::Uuid;

use crate::support::{TestDatabase, commit_known_seeds};

pub struct World {
    pub store: Store,
    pub desk: Desk,
    pub secrets: Secrets,
    pub platform: By,
    pub merchant: By,
    pub clerk: By,
    pub inspector: By,
    pub second_inspector: By,
    pub supervisor: By,
    pub operator: By,
    clock: AtomicI64,
}

/// An order that was taken in.
#[derive(Clone, Debug)]
pub struct Placed {
    pub receipt: OrderReceipt,
    pub pieces: Vec<StreamKey>,
}

impl Placed {
    pub fn order_id(&self) -> OrderId {
        OrderId(self.receipt.order_id)
    }
}

pub fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

pub fn grams(value: &str, includes: &[Included]) -> Weighing {
    let includes = includes.iter().copied().collect();
    Weighing::typed(Mass::parse(value, "g").unwrap(), includes, None)
}

/// Runs all of them at once, and answers in their order.
pub async fn at_once<T: Send + 'static>(futures: Vec<impl Future<Output = T> + Send + 'static>) -> Vec<T> {
    let tasks: Vec<_> = futures.into_iter().map(tokio::spawn).collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers
}

/// The code of a refusal, or `done`, or what else happened.
pub fn code(answer: &Result<Receipt, Error>) -> &'static str {
    match answer {
        Ok(_) => "done",
        Err(Error::Refused(refusal)) => refusal.code(),
        Err(Error::Busy) => "busy",
        Err(Error::Fault { .. }) => "fault",
    }
}

pub fn refusal(answer: Result<Receipt, Error>) -> Refusal {
    match answer {
        Err(Error::Refused(refusal)) => refusal,
        other => panic!("no refusal: {other:?}"),
    }
}

pub fn piece_of(answer: Result<Receipt, Error>) -> PieceReceipt {
    match answer.unwrap() {
        Receipt::Piece(piece) => piece,
        other => panic!("no piece: {other:?}"),
    }
}

pub fn order_of(answer: Result<Receipt, Error>) -> OrderReceipt {
    match answer.unwrap() {
        Receipt::Order(order) => order,
        other => panic!("no order: {other:?}"),
    }
}

impl World {
    pub async fn new(db: &TestDatabase) -> World {
        Self::open(db, true).await
    }

    /// A house that has committed no seed for any day.
    pub async fn without_seeds(db: &TestDatabase) -> World {
        Self::open(db, false).await
    }

    async fn open(db: &TestDatabase, seeds: bool) -> World {
        let store = db.migrated().await;
        let secrets = Secrets::random();
        let began = "2026-11-22T02:00:00Z".parse::<Timestamp>().unwrap();
        if seeds {
            commit_known_seeds(&store, &secrets, began).await;
        }
        let desk = Desk::open(store.clone(), &secrets, Options::default()).unwrap();
        let clock = AtomicI64::new(began.as_microsecond());
        let now = Timestamp::from_microsecond(clock.load(Ordering::Relaxed)).unwrap();
        let warehouse = Place {
            id: WarehouseId::parse("wh-1").unwrap(),
            name: "示例质检仓".to_owned(),
            address: "示例省样品市测试区质检路1号".to_owned(),
            timezone: "Asia/Shanghai".to_owned(),
            laboratory: Some(LaboratoryId::parse("lab-1").unwrap()),
        };
        let laboratory = laboratories::Model {
            id: "lab-1".to_owned(),
            name: "示例检测实验室".to_owned(),
            cma: Some("CMA-0001".to_owned()),
            cnas: None,
            created_at: 0,
        };
        desk.put_laboratory(laboratory).await.unwrap();
        desk.put_warehouse(&warehouse, now).await.unwrap();
        let tenant_id = Some(TenantId::parse("demo").unwrap());
        let merchant_id = Some(MerchantId::parse("m-1").unwrap());
        let warehouse_id = Some(warehouse.id);
        let by = async |role: Role, name: &str| {
            let scope = match role {
                Role::Platform => KeyScope { tenant_id: tenant_id.clone(), ..KeyScope::default() },
                Role::Merchant => {
                    KeyScope { tenant_id: tenant_id.clone(), merchant_id: merchant_id.clone(), ..KeyScope::default() }
                }
                Role::Operator => KeyScope::default(),
                _ => KeyScope { warehouse_id: warehouse_id.clone(), ..KeyScope::default() },
            };
            let grant = KeyGrant { person: None, name: Some(name.to_owned()), role, scope, expires_at: None };
            let (row, _) = desk.create_key(&grant, now).await.unwrap();
            By { person: PersonId(row.person_id), key: KeyId(row.id), role, proposer: None }
        };
        World {
            platform: by(Role::Platform, "平台").await,
            merchant: by(Role::Merchant, "商家").await,
            clerk: by(Role::Clerk, "仓管").await,
            inspector: by(Role::Inspector, "质检师甲").await,
            second_inspector: by(Role::Inspector, "质检师乙").await,
            supervisor: by(Role::Supervisor, "主管").await,
            operator: by(Role::Operator, "运维").await,
            store,
            desk,
            secrets,
            clock,
        }
    }

    /// Another process over the same database.
    pub async fn another_desk(&self, db: &TestDatabase) -> Desk {
        Desk::open(db.open().await, &self.secrets, Options::default()).unwrap()
    }

    /// Time goes by.
    pub fn pass(&self, time: jiff::SignedDuration) {
        self.clock.fetch_add(i64::try_from(time.as_micros()).unwrap(), Ordering::Relaxed);
    }

    pub fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.clock.fetch_add(1_000_000, Ordering::Relaxed)).unwrap()
    }

    /// A request with a key of its own.
    pub fn request(&self, by: &By, body: impl AsRef<[u8]>) -> Request {
        Request {
            by: by.clone(),
            idempotency_key: Uuid::now_v7().to_string(),
            part: String::new(),
            target: "POST /test".to_owned(),
            body: body.as_ref().to_vec(),
            digested: Vec::new(),
            if_match: None,
            command_id: CommandId(Uuid::now_v7()),
            now: self.now(),
            confirms: None,
        }
    }

    /// The same person, confirming what another proposed.
    pub fn confirming(&self, by: &By, proposer: &By) -> By {
        By { proposer: Some(Witness { person_id: proposer.person, key_id: proposer.key }), ..by.clone() }
    }

    pub fn seal(&self, seals: &mut Seals, order_id: OrderId, by: &By, text: &str) -> Sealed {
        seals.seal(self.desk.vault(), order_id, by.person, text)
    }

    // ---- orders -----------------------------------------------------------------------------------

    /// An order of this buyer as the platform sends it, of so many lines.
    pub fn order(&self, order_no: &str, buyer: &str, lines: i32) -> (NewOrder, Seals) {
        self.order_as(OrderId(Uuid::now_v7()), order_no, buyer, lines)
    }

    /// The same, under an id that is given.
    pub fn order_as(&self, order_id: OrderId, order_no: &str, buyer: &str, lines: i32) -> (NewOrder, Seals) {
        let mut seals = Seals::default();
        let party = |name: &str| Details {
            name: Some(name.to_owned()),
            email: Some(format!("{buyer}@example.cn")),
            phone: Some("17000001001".to_owned()),
            ..Details::default()
        };
        let lines = (1..=lines)
            .map(|line_no| NewLine {
                line_no,
                sku: Some(Sku::parse("A1").unwrap()),
                title: seals.seal(self.desk.vault(), order_id, self.platform.person, "冰种翡翠手镯 17000001001"),
                price: Money::parse(128_000, "CNY").unwrap(),
                pricing: Pricing::Fixed,
                custom_made: false,
                segment: None,
                declared: declared_with(&format!("{}-{line_no}", order_id.0.simple())),
                truth: None,
            })
            .collect();
        let order = NewOrder {
            order_id,
            tenant_id: TenantId::parse("demo").unwrap(),
            order_no: OrderNo::parse(order_no).unwrap(),
            paid_at: "2026-11-22T01:00:00Z".parse().unwrap(),
            ship: Ship::AsReady,
            warehouse_id: None,
            live_id: Some(LiveId::parse("r-1").unwrap()),
            merchant: NewMerchant {
                id: MerchantId::parse("m-1").unwrap(),
                details: party("玉坊"),
                locale: name("zh-CN"),
                timezone: name("Asia/Shanghai"),
                guarantee_level: 9,
                guarantees: BTreeSet::from([name("return_7d")]),
            },
            streamer: Some(NewParty {
                reference: PartyRef::parse("s-1").unwrap(),
                details: party("主播"),
                timezone: name("Asia/Shanghai"),
            }),
            buyer: NewParty {
                reference: PartyRef::parse(buyer).unwrap(),
                details: party("买家"),
                timezone: name("Asia/Shanghai"),
            },
            lines,
            codes: std::collections::BTreeMap::new(),
        };
        (order, seals)
    }

    pub async fn place(&self, order_no: &str, lines: i32) -> Placed {
        self.place_for(order_no, "u-1", lines).await
    }

    pub async fn place_for(&self, order_no: &str, buyer: &str, lines: i32) -> Placed {
        let (order, seals) = self.order(order_no, buyer, lines);
        let request = self.request(&self.platform, format!("{order_no} {buyer} {lines}"));
        let receipt = order_of(self.desk.place(order, seals, request).await);
        let order_id = OrderId(receipt.order_id);
        let pieces = (1..=lines).map(|stream| StreamKey { order_id, stream_id: StreamId(stream) }).collect();
        Placed { receipt, pieces }
    }

    /// One order of one line: its piece.
    pub async fn piece(&self, order_no: &str) -> StreamKey {
        self.place(order_no, 1).await.pieces[0]
    }

    // ---- commands ---------------------------------------------------------------------------------

    /// Carries a command out, with a key of its own. The body is what the command says.
    pub async fn carry(&self, key: StreamKey, command: Command, by: &By) -> Result<Receipt, Error> {
        self.carry_sealed(key, command, Seals::default(), by).await
    }

    pub async fn carry_sealed(
        &self,
        key: StreamKey,
        command: Command,
        seals: Seals,
        by: &By,
    ) -> Result<Receipt, Error> {
        let command = match command {
            // The sample's certificate is that of whichever piece it is.
            Command::SubmitAppraisal { mut appraisal }
                if appraisal.presented_certificate == declared().presented_certificate =>
            {
                let piece = self.folded(key).await;
                appraisal.presented_certificate = piece.opened().declared.presented_certificate.clone();
                Command::SubmitAppraisal { appraisal }
            }
            command => command,
        };
        let request = self.request(by, format!("{command:?}"));
        self.desk.carry_out(key, command, seals, request).await
    }

    pub fn dispatch(&self, waybill: &str) -> Command {
        Command::Dispatch {
            parcel_id: ParcelId(Uuid::from_slice(&touchstone::capsule::Hash::of(waybill).as_bytes()[..16]).unwrap()),
            carrier: Carrier::parse("sf").unwrap(),
            waybill: Waybill::parse(waybill).unwrap(),
        }
    }

    /// A waybill that no other piece has.
    pub fn waybill(leg: &str, key: StreamKey) -> String {
        format!("{leg}-{}-{}", key.order_id.0.simple(), key.stream_id)
    }

    pub fn receive(&self) -> Command {
        Command::Receive { parcel_id: None, condition: Condition::Intact, weight: grams("56.40", &[]), note: None }
    }

    pub fn appraise(&self) -> Command {
        Command::SubmitAppraisal { appraisal: appraisal() }
    }

    pub fn photo(&self) -> Command {
        self.photo_of("piece")
    }

    pub fn photo_of(&self, kind: &str) -> Command {
        let photo_id = PhotoId(Uuid::now_v7());
        Command::AddPhoto {
            photo: PhotoAdded {
                photo_id,
                kind: name(kind),
                original_sha256: touchstone::capsule::Hash::of(photo_id.0).to_string(),
                shown_sha256: None,
                media_type: name("image/jpeg"),
                size_bytes: 1_234,
                small_sha256: None,
                captured_at: None,
                fingerprint: Some(Fingerprint(photo_id.0.as_u128() as u64)),
            },
        }
    }

    pub fn tag(&self, tag: &str) -> Command {
        Command::Tag {
            tag: Tag::parse(tag).unwrap(),
            weight: grams("56.02", &[]),
            weight_with_tag: grams("56.52", &[Included::Tag]),
            photo_ids: BTreeSet::new(),
            confirm_mismatch: false,
        }
    }

    pub fn release(&self) -> Command {
        Command::Release { certificate_code: self.desk.fresh_certificate_code() }
    }

    pub fn ship(&self, key: StreamKey) -> Command {
        let waybill = Waybill::parse(&Self::waybill("out", key)).unwrap();
        Command::Ship { carrier: Carrier::parse("sf").unwrap(), waybill }
    }

    pub fn ship_return(&self, key: StreamKey) -> Command {
        let waybill = Waybill::parse(&Self::waybill("back", key)).unwrap();
        Command::ShipReturn { carrier: Carrier::parse("sf").unwrap(), waybill }
    }

    pub fn settle(&self, piece: &Piece) -> Command {
        let (_, review) = piece.standing().review().expect("the ledger is open");
        let entry = |(claim_id, entry): (&ClaimId, &touchstone::domain::evidence::Entry)| SettledEntry {
            claim_id: claim_id.clone(),
            finding: entry.proposed.expect("it was proposed"),
            note: None,
        };
        Command::SettleLedger {
            proposal: review.proposal().expect("it was proposed"),
            entries: review.entries().iter().map(entry).collect(),
            added: Vec::new(),
            misread: BTreeSet::new(),
        }
    }

    /// Two persons record that nobody can hear what was said.
    pub async fn speech_unavailable(&self, key: StreamKey) {
        let mut seals = Seals::default();
        let reason = self.seal(&mut seals, key.order_id, &self.inspector, "回放已下架 17000001001");
        let by = self.confirming(&self.supervisor, &self.inspector);
        self.carry_sealed(key, Command::RecordSpeechUnavailable { reason }, seals, &by).await.unwrap();
    }

    async fn review(&self, key: StreamKey) -> i32 {
        self.speech_unavailable(key).await;
        let settle = self.settle(&self.folded(key).await);
        self.carry(key, settle, &self.inspector).await.unwrap();
        let piece = self.folded(key).await;
        piece.standing().review().and_then(|(_, review)| review.proposal()).expect("it was proposed")
    }

    /// Takes the photos that the next step asks for and that are not there yet.
    pub async fn photograph(&self, key: StreamKey) {
        let piece = self.folded(key).await;
        let step = match piece.stage() {
            Stage::Received => Step::Receipt,
            Stage::Appraising => Step::Appraisal,
            Stage::Cleared => Step::Tagging,
            _ => return, // Other steps take none.
        };
        let since = if step == Step::Tagging { piece.untagged_at().unwrap_or_default() } else { 0 };
        for kind in self.desk.rules().photos_needed(&piece, step) {
            if !piece.photos().any(|(recorded, photo)| since < recorded.seq && photo.kind == kind) {
                self.carry(key, self.photo_of(kind.as_str()), &self.clerk).await.unwrap();
            }
        }
    }

    /// Books a piece in, and takes no photo yet: its journal has three events.
    pub async fn book_in(&self, key: StreamKey) {
        self.bring(key, Stage::Inbound).await;
        self.carry(key, self.receive(), &self.clerk).await.unwrap();
    }

    /// Takes a piece along the main line until it is in this stage, with the photos that the next step asks for.
    pub async fn bring(&self, key: StreamKey, to: Stage) {
        loop {
            let stage = self.folded(key).await.stage();
            self.photograph(key).await;
            if stage == to {
                return;
            }
            match stage {
                Stage::AwaitingDispatch => {
                    self.carry(key, self.dispatch(&Self::waybill("in", key)), &self.merchant).await.unwrap()
                }
                Stage::Inbound => self.carry(key, self.receive(), &self.clerk).await.unwrap(),
                Stage::Received => self.carry(key, Command::OpenAppraisal, &self.inspector).await.unwrap(),
                Stage::Appraising => {
                    let piece = self.folded(key).await;
                    let bench = piece.standing().bench().expect("a bench");
                    let first = bench.takes(self.inspector.person);
                    let next = if first { &self.inspector } else { &self.second_inspector };
                    self.carry(key, self.appraise(), next).await.unwrap()
                }
                Stage::SpokenReview => {
                    let proposal = self.review(key).await;
                    let mut seals = Seals::default();
                    let stricter = match to {
                        Stage::Failed => Some(Verdict::NotAsDescribed),
                        Stage::AwaitingBuyer => Some(Verdict::DisclosedDifference),
                        _ => None, // On every other way it is the one that was derived.
                    };
                    let reason = stricter.map(|_| self.seal(&mut seals, key.order_id, &self.inspector, "与口播不符"));
                    let command = Command::GiveVerdict { proposal, stricter, reason };
                    self.carry_sealed(key, command, seals, &self.inspector).await.unwrap()
                }
                Stage::Cleared => self.carry(key, self.tag(&Self::waybill("T", key)), &self.clerk).await.unwrap(),
                Stage::Tagged => self.carry(key, self.release(), &self.supervisor).await.unwrap(),
                Stage::Released => self.carry(key, self.ship(key), &self.clerk).await.unwrap(),
                Stage::Outbound => {
                    let delivered_at = self.now().as_microsecond();
                    self.carry(key, Command::Deliver { delivered_at }, &self.platform).await.unwrap()
                }
                Stage::Delivered => self.carry(key, Command::Complete, &self.platform).await.unwrap(),
                Stage::Failed => self.carry(key, Command::LapseAppeal { reason: None }, &self.merchant).await.unwrap(),
                Stage::Returning if !self.folded(key).await.standing().posted() => {
                    self.carry(key, self.ship_return(key), &self.clerk).await.unwrap()
                }
                Stage::Returning => {
                    self.carry(key, Command::CloseReturn { how: ReturnEnd::Delivered }, &self.clerk).await.unwrap()
                }
                other => panic!("no way leads on from {other}"),
            };
        }
    }

    /// A failed piece that went back to its merchant.
    pub async fn fail_and_return(&self, key: StreamKey) {
        self.bring(key, Stage::Failed).await;
        self.bring(key, Stage::Closed).await;
    }

    pub async fn cancel(&self, key: StreamKey) -> Result<Receipt, Error> {
        let mut seals = Seals::default();
        let reason = Some(self.seal(&mut seals, key.order_id, &self.platform, "买家不想要了 17000001001"));
        self.carry_sealed(key, Command::Cancel { reason }, seals, &self.platform).await
    }

    /// Orders in every state that tests of the whole store want to see: a delivered piece, one that failed and went
    /// back, one cancelled before and one after dispatch, a reopened one, a lost one, and one at every main stage.
    pub async fn furnish(&self) -> Vec<StreamKey> {
        use touchstone::domain::command::Custody;
        let mixed = self.place("N-1", 3).await.pieces;
        self.bring(mixed[0], Stage::Inbound).await;
        self.carry(mixed[0], self.photo(), &self.clerk).await.unwrap();
        self.bring(mixed[0], Stage::Closed).await;
        self.fail_and_return(mixed[1]).await;
        self.cancel(mixed[2]).await.unwrap();

        let odd = self.place_for("N-2", "u-2", 4).await.pieces;
        self.bring(odd[0], Stage::Received).await;
        self.carry(odd[0], self.photo(), &self.clerk).await.unwrap();
        self.cancel(odd[0]).await.unwrap();
        self.bring(odd[1], Stage::Cleared).await;
        self.reopen(odd[1]).await;
        self.bring(odd[2], Stage::Tagged).await;
        let mut seals = Seals::default();
        let note = self.seal(&mut seals, odd[2].order_id, &self.clerk, "货架上找不到");
        let lost = Command::ReportCustody { what: Custody::Lost, note };
        self.carry_sealed(odd[2], lost, seals, &self.clerk).await.unwrap();
        self.bring(odd[3], Stage::Released).await;
        self.cancel(odd[3]).await.unwrap();

        let stages = [
            Stage::AwaitingDispatch,
            Stage::Inbound,
            Stage::Received,
            Stage::Appraising,
            Stage::SpokenReview,
            Stage::Cleared,
            Stage::Tagged,
            Stage::Released,
            Stage::Outbound,
            Stage::Delivered,
        ];
        let one_each = self.place_for("N-3", "u-2", stages.len() as i32).await.pieces;
        for (key, stage) in one_each.iter().zip(stages) {
            self.bring(*key, stage).await;
        }
        [mixed, odd, one_each].concat()
    }

    pub async fn reopen(&self, key: StreamKey) {
        let mut seals = Seals::default();
        let reason = self.seal(&mut seals, key.order_id, &self.supervisor, "复核");
        self.carry_sealed(key, Command::ReopenAppraisal { reason }, seals, &self.supervisor).await.unwrap();
    }

    // ---- looking ----------------------------------------------------------------------------------

    pub async fn folded(&self, key: StreamKey) -> Piece {
        self.desk.read_piece(key).await.unwrap().expect("the piece is there").piece
    }

    pub async fn events(&self, key: StreamKey) -> Vec<events::Model> {
        journal::read(self.store.reader(), key).await.unwrap()
    }

    pub async fn kinds(&self, key: StreamKey) -> Vec<String> {
        self.events(key).await.into_iter().map(|event| event.kind).collect()
    }

    pub async fn located(&self, key: StreamKey) -> (PieceCode, Located) {
        let code = self.folded(key).await.opened().code.clone();
        let located = self.desk.locate(&code).await.unwrap().expect("the code leads somewhere");
        (code, located)
    }

    pub async fn propose(&self, key: StreamKey, command: CommandKind, body: &str, by: &By) -> Result<Receipt, Error> {
        let (code, located) = self.located(key).await;
        let request = self.request(by, body);
        self.desk.propose(&located, &code, command, body.as_bytes(), request).await
    }
}

fn declared() -> Declared {
    declared_with("20261122000417")
}

/// One certificate is one article's.
fn declared_with(number: &str) -> Declared {
    Declared {
        components: vec![DeclaredComponent {
            component: ComponentId::parse("c1").unwrap(),
            role: ComponentRole::MainStone,
            material: Some(name("翡翠")),
            treatment: Some(name("A货")),
            fineness_ppm: None,
            weight: None,
        }],
        weight: Some(grams("56.02", &[])),
        sizes: Vec::new(),
        presented_certificate: Some(PresentedCertificate {
            body: name("NGTC"),
            number: CertificateNo::parse(number).unwrap(),
            weight: None,
            sizes: Vec::new(),
        }),
    }
}

/// What the bench finds of such a piece: all of it as declared, and a cord that was not.
pub fn appraisal() -> Appraisal {
    let test = Test { method: name("infrared"), instrument: None, value: None, unit: None, conclusion: None };
    let found = |component: &str, role, material: &str| ComponentResult {
        component: ComponentId::parse(component).unwrap(),
        role,
        state: ComponentState::Examined,
        material: Some(name(material)),
        treatment: Some(name("A货")),
        fineness_ppm: None,
        weight: None,
        sizes: Vec::new(),
        tests: vec![test.clone()],
        reason: None,
    };
    Appraisal {
        components: vec![found("c1", ComponentRole::MainStone, "翡翠"), found("c2", ComponentRole::Cord, "棉绳")],
        weight: Weighing { typed: false, ..grams("56.02", &[]) },
        presented_certificate: declared().presented_certificate,
        remarks: None,
        photo_ids: BTreeSet::new(),
    }
}
