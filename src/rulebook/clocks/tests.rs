use super::super::testing::*;
use super::*;
use crate::domain::event::*;
use crate::domain::ids::*;

const OPENED: &str = "2026-11-01T02:10:00Z";

/// A piece with these events after its first, each at its time.
fn journal(opened: PieceOpened, events: Vec<(&str, Event)>) -> Piece {
    let first = recorded(1, OPENED, opened);
    let rest = events.into_iter().zip(2..).map(|((at, event), seq)| recorded(seq, at, event));
    Piece::fold(std::iter::once(first).chain(rest)).unwrap()
}

fn plain() -> PieceOpened {
    opened(declared(Vec::new()), Pricing::Fixed)
}

#[track_caller]
fn check(piece: &Piece, order: &OrderPlaced, expected: &[(&str, &str)]) {
    let found = Clocks::read(&newest()).unwrap().deadlines(piece, order);
    let found: Vec<_> = found.iter().map(|deadline| (deadline.clock.as_str(), deadline.due_at.to_string())).collect();
    let expected: Vec<_> = expected.iter().map(|(kind, at)| (*kind, (*at).to_owned())).collect();
    assert_eq!(found, expected);
}

fn dispatched() -> Event {
    Dispatched { parcel_id: ParcelId(uuid::Uuid::nil()), carrier: sf(), waybill: waybill() }.into()
}

fn corrected() -> Event {
    WaybillCorrected { parcel_id: ParcelId(uuid::Uuid::nil()), carrier: sf(), waybill: waybill() }.into()
}

fn sf() -> Carrier {
    Carrier::parse("sf").unwrap()
}

fn waybill() -> Waybill {
    Waybill::parse("SF1").unwrap()
}

fn received() -> Event {
    Received { parcel_id: None, weight: grams("5"), note: None }.into()
}

/// From the bench to the release, all on the third; the author of event n is person n, so the releaser is another.
fn released() -> Vec<(&'static str, Event)> {
    let day = "2026-11-03T05:00:00Z";
    let proposal_seq = 7;
    let tag = Tag::parse("TS-1").unwrap();
    vec![
        ("2026-11-03T01:00:00Z", received()),
        ("2026-11-03T02:00:00Z", AppraisalOpened {}.into()),
        (day, AppraisalSubmitted { appraisal: appraisal(Vec::new(), grams("5")) }.into()),
        (day, AppraisalSettled { appraisals: vec![4], weight: grams("5"), metal: false, looks: None }.into()),
        (day, ClaimsRead { transcript_id: None, lexicon_version: name("none"), claims: Vec::new() }.into()),
        (day, LedgerProposed { claims_seq: 6, rulebook_version: name("r"), entries: Vec::new() }.into()),
        (
            day,
            SpeechUnavailable {
                reason: sealed(),
                proposed_by: crate::domain::actor::Witness {
                    person_id: PersonId(uuid::Uuid::nil()),
                    key_id: KeyId(uuid::Uuid::nil()),
                },
            }
            .into(),
        ),
        (
            "2026-11-03T06:00:00Z",
            VerdictGiven {
                proposal_seq,
                verdict: crate::domain::ledger::Verdict::Pass,
                derived: crate::domain::ledger::Verdict::Pass,
                reason: None,
                rulebook_version: None,
            }
            .into(),
        ),
        (
            "2026-11-03T07:00:00Z",
            Tagged { tag, weight: grams("5"), weight_with_tag: grams("6"), photo_ids: Default::default() }.into(),
        ),
        ("2026-11-03T08:00:00Z", Released { certificate_code: CertificateCode::parse("c").unwrap() }.into()),
        ("2026-11-03T09:00:00Z", Shipped { carrier: sf(), waybill: waybill() }.into()),
        (
            "2026-11-05T20:00:00Z", // Reported a day after it was handed over.
            Delivered { delivered_at: at("2026-11-04T22:30:00Z").as_microsecond() }.into(),
        ),
    ]
}

fn first(events: usize, mut more: Vec<(&'static str, Event)>) -> Vec<(&'static str, Event)> {
    let mut journal = released();
    journal.truncate(events);
    journal.append(&mut more);
    journal
}

#[test]
fn every_row_of_the_file_has_its_clock_and_every_name_is_one() {
    let clocks = Clocks::read(&newest()).unwrap();
    assert_eq!((clocks.own.pieces.len(), clocks.own.others.len()), (22, 4));
    for clock in Clock::ALL {
        assert_eq!(Clock::parse(clock.as_str()), Some(*clock));
        assert!(clock.as_str().starts_with(clock.stage().as_str()));
    }
    let head = "stage,waits_for,hours,counts_from,consequence,source\n";
    for (row, hint) in [
        ("nowhere,clerk,1,x,y,z", "no stage"),
        ("cleared,nobody,1,cleared,y,z", "nothing counts"),
        ("cleared,clerk,0,cleared,y,z", "no hours"),
        ("cleared,clerk,4,cleared,y,z", "is not there"),
    ] {
        let error = Clocks::parse(&format!("{head}{row}\n")).unwrap_err();
        assert!(error.why.contains(hint), "{row}: {error}");
    }
}

#[test]
fn a_merchant_has_two_days_to_dispatch() {
    let order = placed(Ship::AsReady, 1);
    // Paid on the 1st at 02:00Z; + 48 h is the 3rd at 02:00Z, 10:00 in Shanghai: by day.
    check(&journal(plain(), vec![]), &order, &[("awaiting_dispatch:merchant", "2026-11-03T02:00:00Z")]);
    // A resubmission counts from its own beginning, ten minutes later.
    let again = PieceOpened { attempt: 2, follows: Some(StreamId(1)), ..plain() };
    check(&journal(again, vec![]), &order, &[("awaiting_dispatch:merchant", "2026-11-03T02:10:00Z")]);
    // Paid at 15:00Z, 23:00 in Shanghai; + 48 h is 23:00 again and moves to 09:00 of the 4th, which is 01:00Z.
    let late = OrderPlaced { paid_at: at("2026-11-01T15:00:00Z").as_microsecond(), ..order };
    check(&journal(plain(), vec![]), &late, &[("awaiting_dispatch:merchant", "2026-11-04T01:00:00Z")]);
}

#[test]
fn a_parcel_stalls_after_three_days_and_is_lost_after_ten() {
    let order = placed(Ship::AsReady, 1);
    // From 18:00Z of the 1st: + 72 h the 4th, + 240 h the 11th. A carrier has no night.
    let mut events = vec![("2026-11-01T18:00:00Z", dispatched())];
    let both = [("inbound:carrier_stalled", "2026-11-04T18:00:00Z"), ("inbound:carrier_lost", "2026-11-11T18:00:00Z")];
    check(&journal(plain(), events.clone()), &order, &both);
    // A corrected waybill is the parcel's latest word; a wish to cancel is not.
    events.push(("2026-11-02T00:00:00Z", corrected()));
    events.push(("2026-11-03T00:00:00Z", CancelRequested { reason: None }.into()));
    let both = [("inbound:carrier_stalled", "2026-11-05T00:00:00Z"), ("inbound:carrier_lost", "2026-11-11T18:00:00Z")];
    check(&journal(plain(), events), &order, &both);
}

#[test]
fn the_house_counts_from_receipt() {
    let order = placed(Ship::AsReady, 1);
    // Received on the 3rd at 01:00Z: + 2 h to open, + 8 h to appraise and to review.
    check(&journal(plain(), first(1, vec![])), &order, &[("received:inspector", "2026-11-03T03:00:00Z")]);
    check(&journal(plain(), first(2, vec![])), &order, &[("appraising:inspector", "2026-11-03T09:00:00Z")]);
    check(&journal(plain(), first(4, vec![])), &order, &[("spoken_review:inspector", "2026-11-03T09:00:00Z")]);
    // Reopened a day later, the eight hours begin again.
    let reopened = first(4, vec![("2026-11-04T01:00:00Z", AppraisalReopened { reason: sealed() }.into())]);
    check(&journal(plain(), reopened), &order, &[("appraising:inspector", "2026-11-04T09:00:00Z")]);
    // An exception waits a day; resolved, its resolution is the receipt.
    let found = IntakeExceptionFound { condition: Condition::Opened, parcel_id: None, note: None };
    let mut events = vec![("2026-11-02T01:00:00Z", Event::from(found))];
    check(&journal(plain(), events.clone()), &order, &[("intake_exception:supervisor", "2026-11-03T01:00:00Z")]);
    events.push(("2026-11-02T04:00:00Z", ExceptionResolved { to: Resolution::Received, reason: sealed() }.into()));
    check(&journal(plain(), events), &order, &[("received:inspector", "2026-11-02T06:00:00Z")]);
}

#[test]
fn a_passed_piece_does_not_lie_about() {
    let single = placed(Ship::AsReady, 2);
    // Cleared at 06:00Z, + 4 h; tagged at 07:00Z, + 4 h; released at 08:00Z, + 24 h.
    check(&journal(plain(), first(8, vec![])), &single, &[("cleared:clerk", "2026-11-03T10:00:00Z")]);
    check(&journal(plain(), first(9, vec![])), &single, &[("tagged:releaser", "2026-11-03T11:00:00Z")]);
    check(&journal(plain(), first(10, vec![])), &single, &[("released:clerk", "2026-11-04T08:00:00Z")]);
    // Untagged at 07:30Z, it is cleared again: + 4 h.
    let untagged = first(9, vec![("2026-11-03T07:30:00Z", Untagged { reason: sealed() }.into())]);
    check(&journal(plain(), untagged), &single, &[("cleared:clerk", "2026-11-03T11:30:00Z")]);
    // In an order that ships together the clock stands still, but for an order of one line.
    check(&journal(plain(), first(8, vec![])), &placed(Ship::Together, 2), &[]);
    let alone = placed(Ship::Together, 1);
    check(&journal(plain(), first(8, vec![])), &alone, &[("cleared:clerk", "2026-11-03T10:00:00Z")]);
}

#[test]
fn what_goes_out_stalls_arrives_and_may_come_back() {
    let order = placed(Ship::AsReady, 1);
    // Shipped on the 3rd at 09:00Z: + 72 h the 6th, + 240 h the 13th.
    let both =
        [("outbound:carrier_stalled", "2026-11-06T09:00:00Z"), ("outbound:carrier_lost", "2026-11-13T09:00:00Z")];
    check(&journal(plain(), first(11, vec![])), &order, &both);
    // Handed over on the 4th at 22:30Z: + 168 h is the 11th at 22:30 in London, and moves to 09:00 of the 12th.
    check(&journal(plain(), first(12, vec![])), &order, &[("delivered:buyer", "2026-11-12T09:00:00Z")]);
    let custom = PieceOpened { custom_made: true, ..plain() };
    check(&journal(custom, first(12, vec![])), &order, &[]);
    // A return opened on the 6th at 12:00Z must be posted by the 13th; posted on the 7th, it is lost on the 17th.
    let mut back = vec![("2026-11-06T12:00:00Z", Event::from(ReturnOpened { reason: None }))];
    check(&journal(plain(), first(12, back.clone())), &order, &[("return_inbound:buyer", "2026-11-13T12:00:00Z")]);
    back.push(("2026-11-07T12:00:00Z", ReturnPosted { carrier: sf(), waybill: waybill() }.into()));
    let lost = [("return_inbound:carrier_lost", "2026-11-17T12:00:00Z")];
    check(&journal(plain(), first(12, back.clone())), &order, &lost);
    // Received on the 8th, it is looked at within a day.
    back.push((
        "2026-11-08T12:00:00Z",
        ReturnReceived { weight: grams("5"), note: None, tag: None, tag_intact: None, sizes: Vec::new() }.into(),
    ));
    check(&journal(plain(), first(12, back)), &order, &[("return_intake:clerk", "2026-11-09T12:00:00Z")]);
    // Refused at the door, it is on its way at once: nobody has to post it.
    let refused = first(11, vec![("2026-11-05T12:00:00Z", Refused { note: None }.into())]);
    check(&journal(plain(), refused), &order, &[("return_inbound:carrier_lost", "2026-11-15T12:00:00Z")]);
}

#[test]
fn a_return_waits_a_month_for_its_merchant() {
    let order = placed(Ship::AsReady, 1);
    // Cancelled at 04:00Z of the 3rd; + 720 h = 30 days, the 3rd of December at 04:00Z, 12:00 in Shanghai. Posting it
    // does not stop the clock: what the merchant does not take is unclaimed too.
    let mut events = first(1, vec![("2026-11-03T04:00:00Z", CancelRequested { reason: None }.into())]);
    check(&journal(plain(), events.clone()), &order, &[("returning:merchant", "2026-12-03T04:00:00Z")]);
    events.push(("2026-11-04T04:00:00Z", ReturnShipped { carrier: sf(), waybill: waybill() }.into()));
    check(&journal(plain(), events.clone()), &order, &[("returning:merchant", "2026-12-03T04:00:00Z")]);
    events.push(("2026-11-06T04:00:00Z", Returned { picked_up: false }.into()));
    check(&journal(plain(), events), &order, &[]);
}

#[test]
fn verdicts_that_somebody_must_resolve_wait_for_them() {
    use crate::domain::ledger::Verdict;
    let order = placed(Ship::AsReady, 1);
    let check = |verdict, expected: &[(&str, &str)]| {
        let given = VerdictGiven {
            proposal_seq: 7,
            verdict,
            derived: Verdict::Pass,
            reason: Some(sealed()),
            rulebook_version: None,
        };
        let piece = journal(plain(), first(7, vec![("2026-11-03T06:00:00Z", given.into())]));
        check(&piece, &order, expected);
    };
    // From the verdict at 06:00Z of the 3rd: + 24 h, + 72 h.
    check(Verdict::Undetermined, &[("undetermined:supervisor", "2026-11-04T06:00:00Z")]);
    check(Verdict::SuspectedCounterfeit, &[("quarantined:supervisors", "2026-11-06T06:00:00Z")]);
    // These two count from the acceptance of a notice, and nobody has accepted one.
    check(Verdict::DisclosedDifference, &[]);
    check(Verdict::NotAsDescribed, &[]);
}

#[test]
fn a_choice_counts_from_the_notice_that_a_channel_took() {
    use crate::domain::ledger::Verdict;
    let order = placed(Ship::AsReady, 1);
    let check = |verdict, hour: &'static str, expected: &[(&str, &str)]| {
        let given = VerdictGiven {
            proposal_seq: 7,
            verdict,
            derived: Verdict::Pass,
            reason: Some(sealed()),
            rulebook_version: None,
        };
        let accepted = NoticeAccepted { notice: name("choice_needed"), channel: name("mail"), seq: 9 };
        let events = vec![("2026-11-03T06:00:00Z", Event::from(given)), (hour, accepted.into())];
        check(&journal(plain(), first(7, events)), &order, expected);
    };
    // The buyer lives in London: 72 h from 07:00 of the 3rd; from 23:00 of the 3rd it would be 23:00, and is 09:00.
    check(Verdict::DisclosedDifference, "2026-11-03T07:00:00Z", &[("awaiting_buyer:buyer", "2026-11-06T09:00:00Z")]);
    check(Verdict::DisclosedDifference, "2026-11-03T10:00:00Z", &[("awaiting_buyer:buyer", "2026-11-06T10:00:00Z")]);
    check(Verdict::DisclosedDifference, "2026-11-03T23:00:00Z", &[("awaiting_buyer:buyer", "2026-11-07T09:00:00Z")]);
    // The merchant in Shanghai: 24 h from 18:00 there.
    check(Verdict::NotAsDescribed, "2026-11-03T10:00:00Z", &[("failed:merchant", "2026-11-04T10:00:00Z")]);
}

#[test]
fn a_choice_and_a_parcel_to_send_are_reminded_of_once_a_day_before_their_end() {
    use crate::domain::ledger::Verdict;
    let check = |events: Vec<(&str, Event)>, order: &OrderPlaced, expected: &[(&str, Option<&str>)]| {
        let found = Clocks::read(&newest()).unwrap().deadlines(&journal(plain(), events), order);
        let found: Vec<_> =
            found.iter().map(|own| (own.clock.as_str(), own.remind_at.map(|at| at.to_string()))).collect();
        let expected: Vec<_> = expected.iter().map(|(kind, at)| (*kind, at.map(str::to_owned))).collect();
        assert_eq!(found, expected);
    };
    let neared = |clock: &str| Event::from(DeadlineNeared { clock: name(clock), due_at: 0 });
    // Paid on 1 November at 10:00 in Shanghai, to be sent by the 3rd.
    let order = placed(Ship::AsReady, 1);
    check(vec![], &order, &[("awaiting_dispatch:merchant", Some("2026-11-02T02:00:00Z"))]);
    let once = vec![("2026-11-02T02:00:01Z", neared("awaiting_dispatch:merchant"))];
    check(once, &order, &[("awaiting_dispatch:merchant", None)]);
    // Heard of ten minutes into its second day: the letter that says so is reminder enough.
    let late = OrderPlaced { paid_at: at("2026-10-31T02:00:00Z").as_microsecond(), ..order.clone() };
    check(vec![], &late, &[("awaiting_dispatch:merchant", None)]);
    let given = VerdictGiven {
        proposal_seq: 7,
        verdict: Verdict::DisclosedDifference,
        derived: Verdict::Pass,
        reason: Some(sealed()),
        rulebook_version: None,
    };
    let accepted = NoticeAccepted { notice: name("choice_needed"), channel: name("mail"), seq: 9 };
    let mut events = vec![("2026-11-03T06:00:00Z", given.into()), ("2026-11-03T10:00:00Z", accepted.into())];
    check(first(7, events.clone()), &order, &[("awaiting_buyer:buyer", Some("2026-11-05T10:00:00Z"))]);
    events.push(("2026-11-05T10:00:01Z", neared("awaiting_buyer:buyer")));
    check(first(7, events), &order, &[("awaiting_buyer:buyer", None)]);
    // Nobody is reminded of what only a carrier or the house can do.
    let sent = vec![("2026-11-01T18:00:00Z", dispatched())];
    check(sent, &order, &[("inbound:carrier_stalled", None), ("inbound:carrier_lost", None)]);
}

#[test]
fn a_clock_that_ran_out_and_was_noted_runs_no_more_until_something_starts_it_again() {
    let order = placed(Ship::AsReady, 1);
    let lost = ("inbound:carrier_lost", "2026-11-11T18:00:00Z");
    let passed = DeadlinePassed { clock: name("inbound:carrier_stalled"), due_at: 0 };
    let mut events = vec![("2026-11-01T18:00:00Z", dispatched()), ("2026-11-04T18:00:01Z", passed.into())];
    check(&journal(plain(), events.clone()), &order, &[lost]);
    // A waybill that is corrected afterwards is a movement, even where a clock that was set back dates it before.
    events.push(("2026-11-04T00:00:00Z", corrected()));
    let stalled = ("inbound:carrier_stalled", "2026-11-07T00:00:00Z");
    check(&journal(plain(), events), &order, &[stalled, lost]);
}

#[test]
fn a_leap_day_is_a_day_and_a_week_is_a_week_when_the_clocks_change() {
    // 48 h from 28 February 2028, 10:00 in Shanghai, is 1 March less a day: the 29th is one of them.
    let order = OrderPlaced { paid_at: at("2028-02-28T02:00:00Z").as_microsecond(), ..placed(Ship::AsReady, 1) };
    check(&journal(plain(), vec![]), &order, &[("awaiting_dispatch:merchant", "2028-03-01T02:00:00Z")]);
    // Seven days of 24 hours across the night in which New York's clocks go back: an hour earlier by the wall.
    let order = OrderPlaced { buyer_timezone: name("America/New_York"), ..placed(Ship::AsReady, 1) };
    let mut events = first(11, vec![]);
    let delivered = Delivered { delivered_at: at("2026-10-30T18:00:00Z").as_microsecond() };
    events.push(("2026-11-05T20:00:00Z", delivered.into()));
    check(&journal(plain(), events), &order, &[("delivered:buyer", "2026-11-06T18:00:00Z")]);
}

#[test]
fn what_was_promised_is_never_taken_back() {
    let text = newest().text("deadlines.csv").unwrap().to_owned();
    let edition = |from: &str, hours: &str| Clocks {
        own: Clocks::parse(
            &text.replace("awaiting_dispatch,merchant,48", &format!("awaiting_dispatch,merchant,{hours}")),
        )
        .unwrap(),
        earlier: Vec::new(),
        from: Some(from.parse().unwrap()),
    };
    let old = edition("2026-10-01", "48");
    let order = placed(Ship::AsReady, 1);
    let check = |clocks: Clocks, expected: &str| {
        let found = clocks.deadlines(&journal(plain(), vec![]), &order);
        assert_eq!(found[0].due_at.to_string(), expected);
    };
    // Paid on 1 November at 10:00 in Shanghai. An edition of the 15th that gives a day leaves the two days that were
    // promised; one that gives three prolongs them. One of October counts as it is.
    check(edition("2026-11-15", "24").promising([&old]), "2026-11-03T02:00:00Z");
    check(edition("2026-11-15", "72").promising([&old]), "2026-11-04T02:00:00Z");
    check(edition("2026-10-15", "24").promising([&old]), "2026-11-02T02:00:00Z");
}

#[test]
fn a_clock_that_was_moved_runs_longer_and_never_shorter_nor_into_the_night() {
    // The merchant, in Shanghai, was promised 2026-11-03T02:00:00Z: 10:00 there.
    let order = placed(Ship::AsReady, 1);
    let check = |to: &str, expected: &str| {
        let moved = DeadlineMoved { clock: name("awaiting_dispatch:merchant"), due_at: at(to).as_microsecond() };
        let piece = journal(plain(), vec![("2026-11-02T00:00:00Z", moved.into())]);
        check(&piece, &order, &[("awaiting_dispatch:merchant", expected)]);
    };
    check("2026-11-03T05:00:00Z", "2026-11-03T05:00:00Z");
    check("2026-11-02T05:00:00Z", "2026-11-03T02:00:00Z");
    check("2026-11-03T15:00:00Z", "2026-11-04T01:00:00Z"); // 23:00 there → 09:00
}
