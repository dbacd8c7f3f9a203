//! Letters on their way: to a real server, to one that misbehaves, and to addresses of every kind.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::net::TcpListener;
use touchstone::domain::notice::Recipient;
use touchstone::mail::dkim::Signer;
use touchstone::mail::settings::{Password, Security, SmtpSettings};
use touchstone::mail::transport::smtp::Limits;
use touchstone::mail::transport::{Files, Memory, Smtp};
use touchstone::mail::{Failure, House, Letter, Sender, Supervisors, Transport, mime};
use touchstone::words::Language;
use uuid::Uuid;

mod composed;
pub mod server;
pub mod sink;
mod strange;

use server::{Act, Offer, Server, Word};
use sink::Sink;

fn letter(to: &str) -> Letter {
    let id = Uuid::now_v7();
    Letter {
        id,
        from: Sender::parse("试金石 <no-reply@check.example.com>").unwrap(),
        to: to.to_owned(),
        recipient: Recipient::Buyer,
        language: Language::Chinese,
        also: None,
        subject: "商品已通过两道检查 · 18K金镶嵌冰种翡翠戒指，附带一段长到需要折行的说明文字".to_owned(),
        order: None,
        text: "您好。\n.\n..两个点\n结束\n".to_owned(),
        html: "<p>您好。</p>\n<p>.</p>\n".to_owned(),
        message_id: format!("<{}@check.example.com>", id.simple()),
        list_id: "notices.check.example.com".to_owned(),
        verdicts: vec!["ab".repeat(32)],
        date: "2026-11-24T03:04:05Z".parse::<Timestamp>().unwrap(),
    }
}

/// With times that no good server needs, however busy the machine is.
fn settings(server: &Server) -> SmtpSettings {
    let long = Duration::from_secs(20);
    SmtpSettings {
        limits: Limits { connect: long, command: long, letter: long },
        ..SmtpSettings::parse(&format!("smtp+plain://{}", server.address)).unwrap()
    }
}

fn transport(settings: SmtpSettings) -> Transport {
    Transport::Smtp(Arc::new(Smtp::new(settings, "check.example.com", None).unwrap()))
}

fn well(_: &Word<'_>) -> Act {
    Act::Well
}

// ---- the form of a letter ------------------------------------------------------------------------

/// Header by header, unfolded.
fn heads(bytes: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let (head, _) = text.split_once("\r\n\r\n").unwrap();
    let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    unfolded
        .split("\r\n")
        .map(|line| line.split_once(": ").unwrap())
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .collect()
}

#[test]
fn a_letter_has_its_headers_once_each_and_in_ascii() {
    let bytes = mime::post(&letter("buyer@example.cn")).unwrap().bytes;
    assert!(bytes.is_ascii());
    let heads = heads(&bytes);
    let names: BTreeSet<_> = heads.iter().map(|(name, _)| name.to_lowercase()).collect();
    assert_eq!(names.len(), heads.len(), "{heads:?}");
    let of = |name: &str| heads.iter().find(|(own, _)| own == name).map(|(_, text)| text.as_str());
    assert_eq!(of("List-Id"), Some("<notices.check.example.com>"));
    assert_eq!(of("Auto-Submitted"), Some("auto-generated"));
    assert_eq!(of("Content-Language"), Some("zh-CN"));
    assert_eq!(of("To"), Some("buyer@example.cn"));
    assert!(of("Message-ID").is_some_and(|id| id.ends_with("@check.example.com>")), "{heads:?}");
    assert_eq!(of("Date"), Some("Tue, 24 Nov 2026 03:04:05 +0000"));
    assert!(of("Subject").is_some_and(|text| text.starts_with("=?utf-8?b?")), "{heads:?}");
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.lines().all(|line| line.len() <= 998), "a line longer than a server takes");
}

#[test]
fn a_letter_in_two_languages_says_so() {
    let house = House {
        from: Sender::parse("Touchstone <no-reply@check.example.com>").unwrap(),
        list_id: "notices.check.example.com".to_owned(),
        supervisors: Supervisors::default(),
    };
    let said = [(Language::Chinese, "已暂停。".to_owned()), (Language::English, "It is paused.".to_owned())];
    let (to, date) = ("hooks@example.cn".to_owned(), "2026-11-24T03:04:05Z".parse::<Timestamp>().unwrap());
    let letter = Letter::plain(&house, to, Uuid::now_v7(), "暂停 · Paused".to_owned(), &said, date).unwrap();
    let heads = heads(&mime::post(&letter).unwrap().bytes);
    let language = heads.iter().find(|(name, _)| name == "Content-Language").map(|(_, text)| text.as_str());
    assert_eq!(language, Some("zh-CN, en"));
    assert!(letter.html.contains("<p lang=\"en\"") && letter.text.contains("It is paused."), "{}", letter.html);
}

#[test]
fn the_same_letter_is_the_same_bytes() {
    let letter = letter("buyer@example.cn");
    assert_eq!(mime::post(&letter).unwrap().bytes, mime::post(&letter).unwrap().bytes);
}

#[test]
fn nothing_that_is_written_into_a_letter_becomes_a_header() {
    let inject = "x\r\nBcc: victim@example.com\r\n\r\nbody";
    let mut letter = letter("buyer@example.cn");
    letter.subject = inject.to_owned();
    letter.text = inject.to_owned();
    let heads = heads(&mime::post(&letter).unwrap().bytes);
    assert!(!heads.iter().any(|(name, _)| name.eq_ignore_ascii_case("bcc")), "{heads:?}");
    letter.list_id = inject.to_owned();
    assert_eq!(mime::post(&letter).err(), Some(Failure::permanent("header")));
    for address in [inject, "a@b.cn\r\nRCPT TO:<c@d.cn>", "a@b.cn, c@d.cn", "a@b.cn>", ""] {
        letter.to = address.to_owned();
        assert_eq!(mime::post(&letter).err(), Some(Failure::permanent("address")), "{address:?}");
    }
}

// ---- a server that behaves ------------------------------------------------------------------------

#[tokio::test]
async fn many_letters_go_over_one_connection() {
    let server = Server::start(well).await;
    let transport = transport(settings(&server));
    for number in 0..20 {
        let accepted = transport.send(&letter(&format!("buyer{number}@example.cn"))).await.unwrap();
        assert_eq!(accepted.code, "smtp_250");
    }
    transport.close().await;
    let heard = server.heard();
    assert_eq!((heard.connections, heard.letters.len(), heard.count("QUIT")), (1, 20, 1));
    let body = heard.letters.first().unwrap();
    assert!(body.contains("List-Id: <notices.check.example.com>\r\n"), "{body}");
}

#[tokio::test]
async fn letters_go_over_as_many_connections_as_are_allowed() {
    let server = Server::start(well).await;
    let transport = transport(SmtpSettings { connections: 4, ..settings(&server) });
    let sends = (0..40).map(|number| {
        let transport = transport.clone();
        tokio::spawn(async move { transport.send(&letter(&format!("buyer{number}@example.cn"))).await })
    });
    for send in sends.collect::<Vec<_>>() {
        send.await.unwrap().unwrap();
    }
    let heard = server.heard();
    assert_eq!(heard.letters.len(), 40);
    assert!((1..=4).contains(&heard.connections), "{} connections", heard.connections);
}

#[tokio::test]
async fn an_address_of_another_script_is_sent_right_or_refused() {
    let server = Server::start(well).await;
    let transport = transport(settings(&server));
    transport.send(&letter("li@例子.中国")).await.unwrap();
    transport.send(&letter("张@例子.中国")).await.unwrap();
    transport.send(&letter("\"a b\"@example.cn")).await.unwrap();
    let long = format!("{}@example.cn", "a".repeat(65));
    assert_eq!(transport.send(&letter(&long)).await, Err(Failure::permanent("address")));
    let heard = server.heard();
    let to: Vec<_> = heard.commands.iter().filter(|command| command.starts_with("RCPT")).collect();
    assert_eq!(
        to,
        ["RCPT TO:<li@xn--fsqu00a.xn--fiqs8s>", "RCPT TO:<张@xn--fsqu00a.xn--fiqs8s>", "RCPT TO:<\"a b\"@example.cn>"]
    );
    let of: Vec<_> = heard.commands.iter().filter(|command| command.starts_with("MAIL")).collect();
    assert!(!of[0].contains("SMTPUTF8") && of[1].contains("SMTPUTF8"), "{of:?}");
    let plain = Server::start(|word| match word.verb {
        "EHLO" => Act::Say("250 test"),
        _ => Act::Well,
    })
    .await;
    let transport = self::transport(settings(&plain));
    assert_eq!(transport.send(&letter("张@example.cn")).await, Err(Failure::permanent("smtputf8")));
    transport.send(&letter("li@example.cn")).await.unwrap();
}

#[tokio::test]
async fn a_refused_recipient_costs_no_connection() {
    let server = Server::start(|word| match word.verb {
        "RCPT" if word.line.contains("nobody") => Act::Say("550 5.1.1 <nobody@example.cn>: there is no such person"),
        _ => Act::Well,
    })
    .await;
    let transport = transport(settings(&server));
    let refused = transport.send(&letter("nobody@example.cn")).await;
    assert_eq!(refused, Err(Failure::permanent("smtp_550_5.1.1")));
    transport.send(&letter("somebody@example.cn")).await.unwrap();
    let heard = server.heard();
    assert_eq!((heard.connections, heard.letters.len(), heard.count("RSET")), (1, 1, 1));
}

#[tokio::test]
async fn what_a_server_answers_is_told_by_its_codes() {
    let check = async |verb: &'static str, answer: &'static str, permanent: bool, code: &str| {
        let server = Server::start(move |word| if word.verb == verb { Act::Say(answer) } else { Act::Well }).await;
        let failure = transport(settings(&server)).send(&letter("buyer@example.cn")).await.unwrap_err();
        assert_eq!((failure.permanent, failure.code.as_str()), (permanent, code), "{verb}: {answer}");
    };
    check("greeting", "554 5.7.1 not you", false, "smtp_554_5.7.1").await;
    check("greeting", "421 too many", false, "smtp_421").await;
    check("MAIL", "550 5.7.1 who are you", false, "smtp_550_5.7.1").await;
    check("RCPT", "450 4.2.0 greylisted", false, "smtp_450_4.2.0").await;
    check("RCPT", "552 5.2.2 mailbox full", false, "smtp_552_5.2.2").await;
    check("RCPT", "550 no such user", true, "smtp_550").await;
    check("RCPT", "550-5.1.1 no\r\n550 5.1.1 such user", true, "smtp_550_5.1.1").await;
    check("DATA", "554 5.6.0 no", true, "smtp_554_5.6.0").await;
    check("letter", "554 5.7.1 spam", true, "smtp_554_5.7.1").await;
    check("letter", "451 4.3.0 later", false, "smtp_451_4.3.0").await;
}

#[tokio::test]
async fn a_server_that_hung_up_between_two_letters_gets_the_second_on_a_new_connection() {
    let hung_up = Server::start(|word| match (word.verb, word.connection) {
        ("RSET", 1) => Act::Reset,
        ("RCPT", 1) => Act::Say("450 4.2.0 not now"),
        _ => Act::Well,
    })
    .await;
    let other = self::transport(settings(&hung_up));
    assert!(!other.send(&letter("buyer@example.cn")).await.unwrap_err().permanent);
    other.send(&letter("buyer@example.cn")).await.unwrap();
    assert_eq!(hung_up.heard().connections, 2);
    let closing = Server::start({
        let seen = std::sync::atomic::AtomicUsize::new(0);
        move |word| match word.verb {
            // The second letter of the first connection finds nobody.
            "MAIL" if word.connection == 1 && 0 < seen.fetch_add(1, std::sync::atomic::Ordering::SeqCst) => Act::Reset,
            _ => Act::Well,
        }
    })
    .await;
    let third = self::transport(settings(&closing));
    third.send(&letter("one@example.cn")).await.unwrap();
    third.send(&letter("two@example.cn")).await.unwrap();
    let heard = closing.heard();
    assert_eq!((heard.connections, heard.letters.len()), (2, 2));
}

// ---- a server that misbehaves ----------------------------------------------------------------------

#[tokio::test]
async fn whatever_a_server_does_a_letter_comes_to_an_end_and_can_be_tried_again() {
    let soon = Duration::from_millis(400);
    let limits = Limits { connect: soon, command: soon, letter: soon };
    for verb in ["greeting", "EHLO", "MAIL", "RCPT", "DATA", "letter"] {
        for act in [Act::Hang, Act::Reset, Act::Garbage, Act::Drip] {
            let server = Server::start(move |word| if word.verb == verb { act } else { Act::Well }).await;
            let hasty = SmtpSettings { limits, ..settings(&server) };
            let failure = transport(hasty).send(&letter("buyer@example.cn")).await.unwrap_err();
            assert!(!failure.permanent, "{verb} {act:?}: {failure}");
            let known = ["timeout", "connection", "garbled"];
            assert!(known.contains(&failure.code.as_str()), "{verb} {act:?}: {failure}");
        }
    }
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let closed = SmtpSettings::parse(&format!("smtp+plain://{nobody}")).unwrap();
    assert_eq!(transport(closed).send(&letter("buyer@example.cn")).await, Err(Failure::transient("connection")));
}

#[tokio::test]
async fn a_recipient_whose_server_hangs_holds_up_nobody_else() {
    let server = Server::start(|word| match word.verb {
        "RCPT" if word.line.contains("hang") => Act::Hang,
        _ => Act::Well,
    })
    .await;
    let transport = transport(SmtpSettings { connections: 2, ..settings(&server) });
    let hanging = {
        let transport = transport.clone();
        tokio::spawn(async move { transport.send(&letter("hang@example.cn")).await })
    };
    for number in 0..20 {
        transport.send(&letter(&format!("buyer{number}@example.cn"))).await.unwrap();
    }
    assert_eq!(hanging.await.unwrap(), Err(Failure::transient("timeout")));
    assert_eq!(server.heard().letters.len(), 20);
}

#[tokio::test]
async fn a_letter_that_is_dropped_halfway_leaves_a_transport_that_works() {
    let halfway = Arc::new(tokio::sync::Notify::new());
    let reached = halfway.clone();
    let server = Server::start(move |word| match (word.verb, word.connection) {
        ("letter", 1) => {
            reached.notify_one();
            Act::Hang
        }
        _ => Act::Well,
    })
    .await;
    let transport = transport(SmtpSettings { connections: 1, ..settings(&server) });
    let first = letter("one@example.cn");
    tokio::select! {
        sent = transport.send(&first) => panic!("{sent:?}"),
        () = halfway.notified() => {}
    }
    transport.send(&letter("two@example.cn")).await.unwrap();
    assert_eq!(server.heard().letters.len(), 1);
}

#[tokio::test]
async fn what_goes_to_one_host_is_limited_and_no_other_waits_for_it() {
    let server = Server::start(well).await;
    let transport = transport(SmtpSettings { per_minute: 6, ..settings(&server) });
    // One whose turn it is, and one that may run ahead.
    transport.send(&letter("one@example.cn")).await.unwrap();
    transport.send(&letter("two@example.cn")).await.unwrap();
    let failure = transport.send(&letter("three@EXAMPLE.cn")).await.unwrap_err();
    assert_eq!((failure.permanent, failure.code.as_str()), (false, "domain_rate"));
    assert!(failure.retry_after.is_some_and(|wait| wait <= Duration::from_secs(10)));
    transport.send(&letter("four@other.cn")).await.unwrap();
    assert_eq!(server.heard().letters.len(), 3);
}

// ---- encryption and names ----------------------------------------------------------------------------

fn encrypted(server: &Server, security: Security, host: &str) -> SmtpSettings {
    let roots = Some(include_bytes!("mail/ca.pem").to_vec());
    SmtpSettings { security, roots, host: host.to_owned(), ..settings(server) }
}

#[tokio::test]
async fn a_letter_goes_encrypted_to_the_right_host_and_to_no_other() {
    for (offer, security) in [(Offer::Tls, Security::Tls), (Offer::Starttls, Security::Starttls)] {
        let server = Server::offering(offer, well).await;
        let right = transport(encrypted(&server, security, "localhost"));
        right.send(&letter("one@example.cn")).await.unwrap();
        right.send(&letter("two@example.cn")).await.unwrap();
        assert_eq!((server.heard().connections, server.heard().letters.len()), (1, 2), "{offer:?}");
        // The certificate is made out to localhost.
        let wrong = transport(encrypted(&server, security, "127.0.0.1"));
        assert_eq!(wrong.send(&letter("three@example.cn")).await, Err(Failure::transient("tls")), "{offer:?}");
        let unknown = SmtpSettings { roots: None, ..encrypted(&server, security, "localhost") };
        assert_eq!(transport(unknown).send(&letter("four@example.cn")).await, Err(Failure::transient("tls")));
        assert_eq!(server.heard().letters.len(), 2, "{offer:?}");
    }
}

#[tokio::test]
async fn a_letter_does_not_go_in_clear_where_encryption_was_asked_for() {
    let server = Server::start(well).await;
    let asked = transport(encrypted(&server, Security::Starttls, "localhost"));
    assert_eq!(asked.send(&letter("one@example.cn")).await, Err(Failure::transient("no_tls")));
    assert_eq!(server.heard().count("MAIL"), 0);
}

#[tokio::test]
async fn a_password_is_given_and_a_wrong_one_buries_no_letter() {
    let server = Server::start(|word| match word.verb {
        "AUTH" if word.line.contains("AHVzZXIAcmlnaHQ=") => Act::Well, // user, right
        "AUTH" => Act::Say("535 5.7.8 wrong"),
        _ => Act::Well,
    })
    .await;
    let with = |password: &str| {
        let credentials = Some(("user".to_owned(), Password::new(password)));
        transport(SmtpSettings { credentials, ..settings(&server) })
    };
    with("right").send(&letter("one@example.cn")).await.unwrap();
    assert_eq!(with("wrong").send(&letter("two@example.cn")).await, Err(Failure::transient("auth")));
    assert_eq!(server.heard().letters.len(), 1);
}

// ---- a real server ------------------------------------------------------------------------------------

#[tokio::test]
async fn a_real_server_gets_every_letter_once() {
    let sink = Sink::start(&[]).await;
    let settings = SmtpSettings::parse(&format!("smtp+plain://{}", sink.address)).unwrap();
    let transport = transport(SmtpSettings { connections: 4, ..settings });
    let letters: Vec<_> = (0..60).map(|number| letter(&format!("buyer{number}@example.cn"))).collect();
    let sends: Vec<_> = letters
        .iter()
        .cloned()
        .map(|letter| {
            let transport = transport.clone();
            tokio::spawn(async move { transport.send(&letter).await })
        })
        .collect();
    for send in sends {
        send.await.unwrap().unwrap();
    }
    transport.close().await;
    let taken = sink.letters();
    assert_eq!(taken.len(), letters.len());
    for letter in &letters {
        let same = taken.iter().filter(|text| text.contains(&letter.message_id)).count();
        assert_eq!(same, 1, "{}", letter.message_id);
    }
}

#[tokio::test]
async fn a_real_server_that_refuses_is_understood() {
    // -r: refuses RCPT with a soft error; -f: with a hard one.
    for (flag, permanent) in [("-r", false), ("-f", true)] {
        let sink = Sink::start(&[flag, "RCPT"]).await;
        let settings = SmtpSettings::parse(&format!("smtp+plain://{}", sink.address)).unwrap();
        let failure = transport(settings).send(&letter("buyer@example.cn")).await.unwrap_err();
        assert_eq!(failure.permanent, permanent, "{failure}");
        assert!(failure.code.starts_with("smtp_"), "{failure}");
    }
}

// ---- the other ways -------------------------------------------------------------------------------------

#[tokio::test]
async fn a_directory_holds_each_letter_under_its_id() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("mail");
    let files = Arc::new(Files::new(&place));
    let transport = Transport::Files(files.clone());
    let (one, two) = (letter("one@example.cn"), letter("two@example.cn"));
    for letter in [&one, &two, &one] {
        assert_eq!(transport.send(letter).await.unwrap().code, "file");
    }
    let mut names: Vec<_> =
        std::fs::read_dir(&place).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, [format!("{}.eml", one.id.simple()), format!("{}.eml", two.id.simple())]);
    let shown: Vec<_> = files.letters().into_iter().map(|letter| letter.id).collect();
    assert_eq!(shown, [one.id, two.id]);
    std::fs::remove_dir_all(&place).unwrap();
    std::fs::write(&place, b"in the way").unwrap();
    assert_eq!(transport.send(&one).await, Err(Failure::transient("files")));
}

#[tokio::test]
async fn memory_fails_as_it_is_told() {
    let memory = Memory::default();
    let transport = Transport::Memory(memory.clone());
    memory.fail_next(Failure::transient("timeout"));
    memory.fail_for("nobody", Failure::permanent("smtp_550_5.1.1"));
    assert_eq!(transport.send(&letter("one@example.cn")).await, Err(Failure::transient("timeout")));
    assert_eq!(transport.send(&letter("nobody@example.cn")).await, Err(Failure::permanent("smtp_550_5.1.1")));
    transport.send(&letter("one@example.cn")).await.unwrap();
    assert_eq!(memory.letters().len(), 1);
    assert!(!format!("{:?}", memory.letters()).contains("example"));
}

// ---- the signature ----------------------------------------------------------------------------------------

#[test]
fn another_program_finds_the_signature_good_and_a_changed_letter_bad() {
    let python = std::env::var("TOUCHSTONE_TEST_PYTHON").unwrap_or_else(|_| {
        panic!(
            "TOUCHSTONE_TEST_PYTHON is not set: run ./scripts/test, which sets a Python with dkimpy up for the tests"
        )
    });
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let key = root.join("tests/it/mail/server.key");
    let signer = Signer::new("check.example.com", "s2026", &std::fs::read(&key).unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    for (place, text) in ["您好。\n", "a  b \t c\n\n\n", "", "no end", ".\n..\n"].into_iter().enumerate() {
        let mut letter = letter("buyer@example.cn");
        letter.text = format!("{text}aaaa");
        // A verifier takes no signature of tomorrow.
        letter.date = Timestamp::now();
        let signed = signer.sign(&mime::post(&letter).unwrap().bytes, letter.date);
        let file = folder.path().join(format!("{place}.eml"));
        std::fs::write(&file, signed).unwrap();
        files.push(file);
    }
    let public = include_str!("mail/server.pub");
    let said = Command::new(python)
        .arg(root.join("tests/interop/dkim_check.py"))
        .args([public, "s2026", "check.example.com"])
        .args(&files)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&said.stdout);
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    assert_eq!(text.lines().collect::<Vec<_>>(), vec!["good bad bad"; files.len()]);
}
