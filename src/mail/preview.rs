//! Every letter in both languages, of made-up pieces: to be looked at, and to be tested. Nothing is read or sent.

use jiff::Timestamp;
use uuid::Uuid;

use super::address::Sender;
use super::content::{Content, Facts, Links};
use super::supervisors::Supervisors;
use super::{Group, House, Letter, Told, letter};
use crate::desk::Error;
use crate::domain::appraisal::{ComponentRole, ComponentState};
use crate::domain::event::Outcome;
use crate::domain::ids::{OrderId, StreamId};
use crate::domain::ledger::{ClaimKind, ClaimSource, Finding};
use crate::domain::notice::{LETTERS, Notice, Recipient};
use crate::domain::obligation::{OwedRule, OwedState, Party};
use crate::domain::route::Stage;
use crate::rulebook::Clock as Wait;
use crate::shown::rows::Said;
use crate::shown::view::{Choice, Parcel};
use crate::shown::{Card, Ledger, Otherwise, Owed, Row};
use crate::words::{Language, Words};

/// A letter with the name of its file.
pub struct Shown {
    pub name: String,
    /// What it is a sample of.
    pub about: String,
    pub letter: Letter,
}

/// The digest of no verdict: it stands in every sample.
const DIGEST: &str = "5f0c1d6f8f6b1f0e9f4b3a2d1c0b9a887766554433221100ffeeddccbbaa9988";

/// Every letter in both languages, then some in which several things are told.
///
/// # Errors
///
/// A template that cannot be filled: a fault of the program.
pub fn gallery(now: Timestamp) -> Result<Vec<Shown>, Error> {
    let mut shown = Vec::new();
    for language in Language::ALL {
        let words = language.words();
        for (recipient, notice) in LETTERS {
            let card = card(words, *recipient, *notice, 1);
            let about = format!("{} · {}", recipient.as_str(), notice.as_str());
            let name = format!("{}-{}-{}", recipient.as_str(), notice.as_str(), language.tag());
            shown.push(sample(words, *recipient, vec![(*notice, card)], (name, about), now)?);
        }
        let passed =
            |pieces: u8| (1..=pieces).map(move |n| (Notice::Passed, card(words, Recipient::Buyer, Notice::Passed, n)));
        let arrived = |pieces: u8| {
            (1..=pieces).map(move |n| (Notice::Arrived, card(words, Recipient::Buyer, Notice::Arrived, n)))
        };
        let mut mixed: Vec<_> = arrived(2).chain(passed(1)).collect();
        mixed.push((Notice::ChoiceNeeded, card(words, Recipient::Buyer, Notice::ChoiceNeeded, 3)));
        for (name, told) in
            [("thirty_arrived", arrived(30).collect()), ("eight_passed", passed(8).collect()), ("mixed", mixed)]
        {
            let file = format!("buyer-{name}-{}", language.tag());
            shown.push(sample(words, Recipient::Buyer, told, (file, format!("buyer · {name}")), now)?);
        }
    }
    Ok(shown)
}

/// The house of the samples.
pub fn house() -> Result<House, Error> {
    let from = Sender::parse("Touchstone <no-reply@check.example.com>")
        .map_err(|error| Error::fault("the sender of the samples", error))?;
    Ok(House { list_id: "notices.check.example.com".to_owned(), from, supervisors: Supervisors::default() })
}

fn sample(
    words: &'static Words,
    recipient: Recipient,
    told: Vec<(Notice, Card)>,
    (name, about): (String, String),
    now: Timestamp,
) -> Result<Shown, Error> {
    let of_order = |notice: Notice| {
        matches!(
            notice,
            Notice::OrderTakenIn | Notice::RestAsked | Notice::RefundOwed | Notice::RefundSettled | Notice::Lesson
        )
    };
    let told: Vec<(Told, Card)> = told
        .into_iter()
        .zip(1..)
        .map(|((notice, card), place)| {
            let stream_id = if of_order(notice) {
                StreamId::ORDER
            } else {
                // One piece is one stream: its code ends in its number.
                StreamId(
                    card.code.bytes().last().map_or(1, i32::from) * 256
                        + card.code.as_bytes().get(2).copied().map_or(0, i32::from),
                )
            };
            (Told { stream_id, seq: place, notice }, card)
        })
        .collect();
    let page = "https://check.example.com/t/AAAAAAAAAAAAAAAAAAAAAA".to_owned();
    let owed: Vec<Owed> = told.iter().flat_map(|(_, card)| card.owed.iter().cloned()).collect();
    let facts = Facts {
        words,
        recipient,
        order_no: "KS202611220001",
        told: told.iter().map(|(told, card)| (*told, (told.stream_id != StreamId::ORDER).then_some(card))).collect(),
        all: told.iter().map(|(_, card)| card).collect(),
        owed: &owed,
        links: (recipient == Recipient::Buyer).then(|| Links {
            act: format!("{page}/act/BBBBBBBBBBBBBBBBBBBBBB"),
            page,
            certificate: "https://check.example.com/v/".to_owned(),
        }),
        warehouse: Some("示范质检仓\n示例省样品市测试区质检路1号".to_owned()),
        zone: "Asia/Shanghai",
    };
    let group = Group {
        id: Uuid::from_u128(0x0193_5000_0000_7000_8000_0000_0000_0000 | u128::from(crc(&name))),
        order_id: OrderId(Uuid::nil()),
        recipient,
        told: told.iter().map(|(told, _)| *told).collect(),
    };
    let content = Content::of(&facts)
        .ok_or_else(|| Error::fault("a sample tells nothing", std::io::Error::other(about.clone())))?;
    let letter = letter(&content, &house()?, &group, "reader@example.com".to_owned(), now)?;
    Ok(Shown { name, about, letter })
}

/// Some number that a name always has.
fn crc(name: &str) -> u32 {
    name.bytes().fold(0, |sum, byte| sum.rotate_left(5) ^ u32::from(byte))
}

/// A piece as it stands when this is told.
fn card(words: &Words, recipient: Recipient, notice: Notice, number: u8) -> Card {
    let chinese = words.language() == Language::Chinese;
    let (stage, outcome) = stands(notice);
    let rows = rows(words, notice, recipient);
    let when = |text: (&str, &str)| if chinese { text.0.to_owned() } else { text.1.to_owned() };
    let until = when(("11月27日 周五 09:00", "Fri 27 November, 09:00"));
    let tells = matches!(
        notice,
        Notice::Passed
            | Notice::ChoiceNeeded
            | Notice::ChoiceReminder
            | Notice::Failed
            | Notice::Undetermined
            | Notice::Lesson
    );
    let mut counted = Vec::new();
    for finding in Finding::ALL.iter().copied() {
        let count = rows.iter().filter(|row| row.finding == finding).count();
        if 0 < count {
            counted.push(words.counted_findings(words.finding(finding), count));
        }
    }
    let choice = matches!(notice, Notice::ChoiceNeeded | Notice::ChoiceReminder)
        .then(|| Choice { until: (notice == Notice::ChoiceReminder).then(|| until.clone()) });
    let clocks = match notice {
        Notice::PieceToSend | Notice::SendReminder => vec![(Wait::Dispatch, until.clone())],
        Notice::Unclaimed => vec![(Wait::Unclaimed, until.clone())],
        Notice::Held => vec![(Wait::Quarantine, until.clone())],
        Notice::DeadlineMissed => vec![(Wait::Appraisal, until.clone())],
        _ => Vec::new(), // No clock is shown beside the others.
    };
    let due = match notice {
        Notice::Delivered => Some(words.return_until(until.as_str())),
        Notice::Held => Some(words.held_until(until.as_str())),
        Notice::Delayed => Some(words.due_passed(until.as_str())),
        Notice::Arrived | Notice::OrderTakenIn => Some(words.due_by(until.as_str())),
        _ => None, // Nothing is promised by a day.
    };
    let otherwise = matches!(notice, Notice::Failed | Notice::GoingBack | Notice::LostOrDamaged).then(|| Otherwise {
        amount: words.money(1_280_000, "CNY"),
        until: (notice == Notice::GoingBack).then(|| until.clone()),
    });
    let notes = otherwise.iter().map(|otherwise| otherwise.for_buyer(words)).collect();
    let title = ["18K金镶嵌冰种翡翠戒指", "和田玉籽料平安扣吊坠", "足金999古法手镯 56.02g 圈口56"];
    Card {
        code: format!("TS{}K4Q9D2M{}", char::from(b'A' + number % 26), char::from(b'A' + number % 23)),
        title: title.get(usize::from(number + 2) % title.len()).copied().unwrap_or_default().to_owned(),
        stage: leaked(words, stage, outcome).0,
        tone: tone(notice),
        next: leaked(words, stage, outcome).1,
        due,
        clocks,
        notes,
        owed: owed(words, notice),
        otherwise,
        steps: Vec::new(),
        hero: None,
        choice,
        sending_back: None,
        disputable: false,
        decided: (notice == Notice::ChoiceRecorded).then(|| own(words).choice_accepted()),
        differences: rows.iter().filter(|row| row.differs()).cloned().collect(),
        beside: None,
        reason: None,
        ledger: tells.then(|| Ledger {
            counted,
            rows,
            explained: vec![own(words).explain_not_testable(), own(words).explain_promise()],
            unchecked: Vec::new(),
        }),
        parts: Vec::new(),
        weights: Vec::new(),
        laboratory: None,
        albums: Vec::new(),
        parcels: matches!(notice, Notice::Shipped | Notice::SentBack | Notice::ReturningToMerchant)
            .then(|| Parcel {
                carrier: when(("顺丰速运", "SF Express")),
                waybill: "SF1234567890123".to_owned(),
                link: None,
            })
            .into_iter()
            .collect(),
        timeline: Vec::new(),
        certificate: (notice == Notice::Shipped).then(|| "0A1B2-C3D4E-5F607-18293".to_owned()),
        withdrawn: false,
        verdict: tells.then(|| DIGEST.to_owned()),
        version: 1,
    }
}

/// What is owed when this is told.
fn owed(words: &Words, notice: Notice) -> Vec<Owed> {
    let one = |rule, state, amount, debtor, creditor| Owed {
        seq: 1,
        last_seq: 1,
        debtor,
        creditor,
        said: words.owed(rule, state, Some(amount), "CNY"),
        title: None,
    };
    let refund = |state| one(OwedRule::RefundInFull, state, 1_280_000, Party::Merchant, Party::Buyer);
    match notice {
        Notice::RefundOwed | Notice::Cancelled => vec![refund(OwedState::Owed)],
        Notice::RefundSettled => vec![refund(OwedState::Settled)],
        Notice::Failed => {
            vec![one(OwedRule::InspectionFee, OwedState::Owed, 3_000, Party::Merchant, Party::Warehouse)]
        }
        Notice::LostOrDamaged => {
            vec![one(OwedRule::CustodyLoss, OwedState::Owed, 1_280_000, Party::Warehouse, Party::Merchant)]
        }
        _ => Vec::new(), // Nothing comes to be owed when the others are told.
    }
}

/// The words of a language live as long as the program.
fn own(words: &Words) -> &'static Words {
    words.language().words()
}

fn leaked(words: &Words, stage: Stage, outcome: Option<Outcome>) -> (&'static str, &'static str) {
    (own(words).stage(stage, outcome), own(words).next(stage, outcome))
}

fn tone(notice: Notice) -> &'static str {
    match notice {
        Notice::ChoiceNeeded | Notice::ChoiceReminder | Notice::RestAsked => "act",
        Notice::Passed | Notice::Shipped | Notice::Delivered | Notice::ChoiceRecorded => "good",
        Notice::Failed | Notice::Held | Notice::LostOrDamaged | Notice::GoingBack | Notice::Cancelled => "stop",
        _ => "wait", // A sample's colour; the page decides on those of real pieces.
    }
}

/// Where a piece stands when this is told.
fn stands(notice: Notice) -> (Stage, Option<Outcome>) {
    let stage = match notice {
        Notice::OrderTakenIn | Notice::PieceToSend | Notice::SendReminder | Notice::AnotherToCome => {
            Stage::AwaitingDispatch
        }
        Notice::Arrived => Stage::Received,
        Notice::IntakeException => Stage::IntakeException,
        Notice::Passed | Notice::ChoiceRecorded | Notice::RestAsked | Notice::CertificateWithdrawn => Stage::Cleared,
        Notice::ChoiceNeeded | Notice::ChoiceReminder | Notice::ChoiceUnreached => Stage::AwaitingBuyer,
        Notice::Failed => Stage::Failed,
        Notice::Undetermined => Stage::Undetermined,
        Notice::ExaminedAgain | Notice::Delayed | Notice::DeadlineMissed | Notice::MailBuried | Notice::Lesson => {
            Stage::Appraising
        }
        Notice::Held => Stage::Quarantined,
        Notice::GoingBack | Notice::ReturnAccepted | Notice::ReturningToMerchant | Notice::RefundOwed => {
            Stage::Returning
        }
        Notice::Shipped => Stage::Outbound,
        Notice::Delivered | Notice::ReturnLapsed => Stage::Delivered,
        Notice::ReturnOpened => Stage::ReturnInbound,
        Notice::ReturnArrived => Stage::ReturnIntake,
        Notice::ReturnRefused | Notice::SentBack => Stage::ReturningToBuyer,
        Notice::Returned | Notice::RefundSettled => return (Stage::Closed, Some(Outcome::Returned)),
        Notice::Unclaimed => return (Stage::Closed, Some(Outcome::Unclaimed)),
        Notice::Cancelled => return (Stage::Closed, Some(Outcome::Cancelled)),
        Notice::LostOrDamaged => return (Stage::Closed, Some(Outcome::Lost)),
        Notice::HandedToAuthority => return (Stage::Closed, Some(Outcome::HandedToAuthority)),
        Notice::StageChanged | Notice::VerdictGiven | Notice::ObligationChanged => Stage::Received,
    };
    (stage, None)
}

/// A ledger with one row of each finding.
fn rows(words: &Words, notice: Notice, recipient: Recipient) -> Vec<Row> {
    let chinese = words.language() == Language::Chinese;
    let text = |zh: &str, en: &str| if chinese { zh.to_owned() } else { en.to_owned() };
    let row =
        |kind: ClaimKind, part: Option<ComponentRole>, value: String, measured: Option<String>, finding: Finding| Row {
            kind: words.claim(kind).to_owned(),
            part: part.map(|part| words.component(part).to_owned()),
            value,
            said: vec![Said { source: words.source(ClaimSource::Listed).to_owned(), quote: None, replay: None }],
            measured,
            finding,
            finding_word: words.finding(finding).to_owned(),
            why: None,
            flags: Vec::new(),
        };
    let mut rows = vec![
        row(
            ClaimKind::Material,
            Some(ComponentRole::MainStone),
            words.term("翡翠"),
            Some(words.term("翡翠")),
            Finding::Confirmed,
        ),
        row(
            ClaimKind::Fineness,
            Some(ComponentRole::Setting),
            "750 ‰".to_owned(),
            Some("752 ‰".to_owned()),
            Finding::Confirmed,
        ),
        row(ClaimKind::Origin, None, text("缅甸", "Myanmar (缅甸)"), None, Finding::NotTestable),
        row(ClaimKind::Guarantee, None, text("七天无理由退货", "return within 7 days"), None, Finding::Promise),
    ];
    let differs = matches!(
        (notice, recipient),
        (Notice::ChoiceNeeded | Notice::ChoiceReminder | Notice::Failed | Notice::Undetermined, _)
    );
    if differs {
        let finding = if notice == Notice::Undetermined { Finding::NotTested } else { Finding::Contradicted };
        rows.insert(
            0,
            Row {
                said: vec![Said {
                    source: words.said_at("12:47"),
                    quote: Some(text("这个圈口正正好好五十六，一毫米不差", "这个圈口正正好好五十六，一毫米不差")),
                    replay: None,
                }],
                why: Some(text(
                    "测得 55.1 mm，所说 56 mm，相差超过允许的 0.5 mm。",
                    "Measured 55.1 mm where 56 mm was said: more than the 0.5 mm that are allowed.",
                )),
                ..row(
                    ClaimKind::Size,
                    Some(ComponentRole::MainStone),
                    words.size_said(words.size("inner_diameter_mm"), "56 mm"),
                    Some(if finding == Finding::NotTested {
                        words.state(ComponentState::CannotBeDetermined).to_owned()
                    } else {
                        "55.1 mm".to_owned()
                    }),
                    finding,
                )
            },
        );
    }
    if notice == Notice::Lesson {
        rows.push(Row {
            said: vec![Said {
                source: words.said_at("15:02"),
                quote: Some("全网最低，戴上就招财".to_owned()),
                replay: None,
            }],
            flags: vec![text(
                "《广告法》第九条：不得使用“国家级”“最高级”“最佳”等用语，不得含有迷信内容",
                "Advertising Law, article 9: no superlatives, no superstition",
            )],
            ..row(ClaimKind::BannedPhrase, None, "全网最低".to_owned(), None, Finding::Promise)
        });
    }
    rows
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::mail::mime;

    fn at() -> Timestamp {
        "2026-11-24T03:04:05Z".parse().unwrap()
    }

    #[test]
    fn every_letter_can_be_written_in_both_languages() {
        let shown = gallery(at()).unwrap();
        assert_eq!(shown.len(), 2 * (LETTERS.len() + 3));
        let ids: BTreeSet<_> = shown.iter().map(|shown| shown.letter.id).collect();
        assert_eq!(ids.len(), shown.len(), "two samples have one id");
        for Shown { name, letter, .. } in &shown {
            let length = letter.subject.chars().count();
            assert!((4..=90).contains(&length), "{name}: a subject of {length}: {}", letter.subject);
            for text in [&letter.subject, &letter.text, &letter.html] {
                assert!(!text.trim().is_empty(), "{name}: an empty part");
                for group in ["letter-", "tell-", "subject-", "stage-", "{ $", "⟨", "None", "Some("] {
                    assert!(!text.contains(group), "{name}: a raw {group}\n{text}");
                }
            }
            // What a heading or a sentence lacks shows as nothing.
            assert!(letter.html.contains("<h1") && !letter.html.contains("></h1>"), "{name}");
            assert!(!letter.html.contains("\"></p>") && !letter.html.contains("<strong></strong>"), "{name}");
            assert!(mime::post(letter).is_ok(), "{name}");
        }
    }

    #[test]
    fn only_a_buyer_gets_a_link_and_only_a_choice_gets_the_one_that_decides() {
        for Shown { name, letter, .. } in gallery(at()).unwrap() {
            let decides = ["choice_needed", "choice_reminder", "rest_asked", "mixed"]
                .iter()
                .any(|n| name.starts_with(&format!("buyer-{n}")));
            for text in [&letter.text, &letter.html] {
                assert_eq!(text.contains("/act/"), decides, "{name}");
                assert_eq!(text.contains("/t/"), name.starts_with("buyer"), "{name}");
            }
        }
    }

    #[test]
    fn nothing_is_loaded_from_elsewhere_and_nothing_runs() {
        for Shown { name, letter, .. } in gallery(at()).unwrap() {
            for word in ["<script", "<img", "url(", "@import", "<link", "src=", "onclick"] {
                assert!(!letter.html.contains(word), "{name} holds {word}");
            }
        }
    }

    #[test]
    fn a_letter_says_the_same_in_text_and_in_html() {
        for Shown { name, letter, .. } in gallery(at()).unwrap() {
            for line in letter.text.lines().map(str::trim).filter(|line| 12 < line.chars().count()) {
                let said = line.trim_start_matches(['■', '*', '→', ' ']);
                // A row of the ledger is a line in one and a table's row in the other.
                if said.contains(" | ")
                    || said.contains(": ")
                    || said.contains('<')
                    || said.contains('\'')
                    || said.contains('"')
                    || said.contains('&')
                    || said == "-- "
                {
                    continue;
                }
                let html = letter.html.replace("&#38;", "&");
                assert!(
                    html.contains(said) || said.split_whitespace().all(|word| html.contains(word)),
                    "{name}: {said}"
                );
            }
        }
    }

    #[test]
    fn the_digest_of_the_verdict_goes_along_where_a_verdict_is_told() {
        for Shown { name, letter, .. } in gallery(at()).unwrap() {
            assert_eq!(letter.verdicts.is_empty(), !letter.text.contains(DIGEST), "{name}");
            assert_eq!(letter.verdicts.is_empty(), !letter.html.contains(DIGEST), "{name}");
        }
    }

    #[test]
    fn what_is_owed_is_named_with_its_amount_and_never_called_paid_before_it_is() {
        let shown = gallery(at()).unwrap();
        let of = |name: &str| &shown.iter().find(|shown| shown.name == name).unwrap().letter;
        let check = |name: &str, said: &str| {
            let letter = of(name);
            for text in [&letter.text, &letter.html] {
                assert!(text.contains(said), "{name} does not say {said:?}\n{text}");
            }
        };
        check("buyer-failed-en", "If no other piece comes in its place, CNY 12800.00 is owed to you.");
        check("buyer-failed-zh-CN", "如果没有另一件替代，应退还您 CNY 12800.00。");
        check("buyer-going_back-en", "If none comes, CNY 12800.00 is owed to you.");
        check("buyer-lost_or_damaged-en", "CNY 12800.00 is owed to you.");
        check("buyer-refund_owed-en", "Refund of the price owed: CNY 12800.00");
        check("buyer-refund_settled-en", "Refund of the price: settled, CNY 12800.00");
        check("merchant-failed-en", "By you to the warehouse: Inspection fee owed: CNY 30.00");
        check("merchant-going_back-en", "otherwise CNY 12800.00 is owed to the buyer");
        check("merchant-cancelled-en", "By you to the buyer: Refund of the price owed: CNY 12800.00");
        check("merchant-lost_or_damaged-zh-CN", "质检仓对您：");
        check("supervisor-lost_or_damaged-en", "By the warehouse to the seller: ");
        for Shown { name, letter, .. } in &shown {
            let settled = name.starts_with("buyer-refund_settled");
            for word in ["已退款", "已结清", "settled, ", "were refunded"] {
                assert!(settled || !letter.subject.contains(word) && !letter.text.contains(word), "{name} says {word}");
            }
        }
    }

    #[test]
    fn markup_in_a_title_is_shown_and_a_line_break_makes_no_header() {
        let words = Language::English.words();
        let mut card = card(words, Recipient::Buyer, Notice::Arrived, 1);
        card.title = "<script>alert(1)</script>\r\nBcc: someone@example.com".to_owned();
        let told = vec![(Notice::Arrived, card)];
        let shown = sample(words, Recipient::Buyer, told, ("x".into(), "x".into()), at()).unwrap();
        assert!(!shown.letter.html.contains("<script>"));
        let bytes = mime::post(&shown.letter).unwrap().bytes;
        let head = String::from_utf8_lossy(&bytes).split("\r\n\r\n").next().unwrap().to_owned();
        assert!(!head.to_lowercase().contains("\r\nbcc"), "{head}");
    }

    /// Whether the text says these in this order.
    #[track_caller]
    fn says(text: &str, parts: &[&str]) {
        let mut rest = text;
        for part in parts {
            let Some((_, after)) = rest.split_once(part) else {
                panic!("{part:?} is not where it should be in\n{text}")
            };
            rest = after;
        }
    }

    #[test]
    fn a_letter_says_what_it_is_about_then_what_to_do_then_why() {
        let shown = gallery(at()).unwrap();
        let of = |name: &str| shown.iter().find(|shown| shown.name == name).unwrap().letter.clone();
        let choice = of("buyer-choice_needed-en");
        assert_eq!(choice.subject, "There is a difference: your choice is needed · 18K金镶嵌冰种翡翠戒指");
        let act = "https://check.example.com/t/AAAAAAAAAAAAAAAAAAAAAA/act/BBBBBBBBBBBBBBBBBBBBBB#TSBK4Q9D2MB";
        let parts = [
            "Touchstone",
            "There is a difference: your choice is needed",
            "Order KS202611220001",
            "■ 18K金镶嵌冰种翡翠戒指",
            "TSBK4Q9D2MB",
            "Without your choice the piece is not sent.",
            "56 mm",
            "55.1 mm",
            act,
            DIGEST,
            "\n-- \n",
        ];
        says(&choice.text, &parts);
        says(&choice.html.replace("&#38;", "&"), &["<h1", "18K金镶嵌冰种翡翠戒指", "56 mm", "55.1 mm", act, DIGEST]);
        says(
            &of("merchant-failed-zh-CN").text,
            &[
                "商品与描述不符",
                "下面是逐条依据",
                "24 小时申请复检",
                "逐条依据",
                "56 mm",
                "55.1 mm",
                "超过允许的",
                DIGEST,
            ],
        );
        says(&of("merchant-lesson-zh-CN").text, &["请了解这条规则", "不作处罚", "全网最低", "《广告法》第九条"]);
        says(&of("merchant-piece_to_send-en").text, &["Please send it by Fri 27 November, 09:00", "质检路1号"]);
        let many = of("buyer-thirty_arrived-en");
        assert_eq!(many.subject, "Your piece has arrived at our warehouse · 30 pieces");
        assert_eq!(many.text.matches("was opened, weighed and photographed").count(), 1, "{}", many.text);
        assert_eq!(of("buyer-mixed-en").subject.matches("and 3 more").count(), 1);
    }
}
