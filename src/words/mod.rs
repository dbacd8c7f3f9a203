//! The words of the pages and of the letters, in Fluent files: one a language, embedded. What a
//! program names by a type (a stage, a finding, a notice) is looked up by that type, what a page says by a function of
//! its own, so that a word which is not there does not compile or fails a test.
//!
//! They say what was measured, how, when and by which laboratory; never that a piece is "100 % authentic".

use std::collections::HashMap;
use std::fmt;
use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

use crate::domain::actor::Role;
use crate::domain::appraisal::{ComponentRole, ComponentState};
use crate::domain::conduct::IncidentKind;
use crate::domain::event::{CaseKind, Condition, EventKind, Outcome};
use crate::domain::ledger::{Bound, ClaimKind, ClaimSource, Finding, Verdict};
use crate::domain::notice::{Notice, Recipient};
use crate::domain::obligation::{OwedRule, OwedState, Party};
use crate::domain::quantity::Included;
use crate::domain::route::Stage;
use crate::domain::transit::TransitTrouble;

mod glossary;
#[cfg(test)]
mod tests;

/// A language that buyers are spoken to in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Language {
    Chinese,
    English,
}

impl Language {
    pub const ALL: [Language; 2] = [Language::Chinese, Language::English];

    /// The first of these that names a language which is spoken here: a wish, the browser's list (RFC 9110, section
    /// 12.5.4), a person's locale. Chinese where none does, since most buyers read it.
    pub fn choose<'a>(wishes: impl IntoIterator<Item = Option<&'a str>>) -> Self {
        wishes.into_iter().flatten().find_map(Self::of_list).unwrap_or(Language::Chinese)
    }

    /// The language that a list of tags asks for most.
    fn of_list(list: &str) -> Option<Self> {
        let weighted = |item: &str| {
            let (tag, weight) = item.split_once(';').unwrap_or((item, "q=1"));
            let language = Self::of_tag(tag)?;
            // Weights have three decimals at the most; written without the point, they compare as they are.
            let digits = weight.trim().strip_prefix("q=").unwrap_or("0").replace('.', "");
            let weight: u32 = format!("{:0<4}", digits.get(..digits.len().min(4)).unwrap_or("0")).parse().ok()?;
            Some((weight, language)).filter(|(weight, _)| 0 < *weight)
        };
        // Of equal weights the first stands.
        list.split(',').filter_map(weighted).rev().max_by_key(|(weight, _)| *weight).map(|(_, language)| language)
    }

    /// The language of a tag (BCP 47), if it is spoken here.
    pub fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_']).next().unwrap_or_default();
        if primary.eq_ignore_ascii_case("zh") {
            Some(Language::Chinese)
        } else if primary.eq_ignore_ascii_case("en") {
            Some(Language::English)
        } else {
            None
        }
    }

    /// Its tag (BCP 47).
    pub fn tag(self) -> &'static str {
        match self {
            Language::Chinese => "zh-CN",
            Language::English => "en",
        }
    }

    /// Its tag as Open Graph writes it.
    pub fn territory(self) -> &'static str {
        match self {
            Language::Chinese => "zh_CN",
            Language::English => "en_US",
        }
    }

    /// Its own name.
    pub fn name(self) -> &'static str {
        match self {
            Language::Chinese => "中文",
            Language::English => "English",
        }
    }

    pub fn other(self) -> Self {
        match self {
            Language::Chinese => Language::English,
            Language::English => Language::Chinese,
        }
    }

    fn source(self) -> &'static str {
        match self {
            Language::Chinese => include_str!("zh-CN.ftl"),
            Language::English => include_str!("en.ftl"),
        }
    }

    /// The words of this language.
    pub fn words(self) -> &'static Words {
        static CHINESE: LazyLock<Words> = LazyLock::new(|| Words::embedded(Language::Chinese));
        static ENGLISH: LazyLock<Words> = LazyLock::new(|| Words::embedded(Language::English));
        match self {
            Language::Chinese => &CHINESE,
            Language::English => &ENGLISH,
        }
    }
}

/// Why a file of words cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the words in {language:?}: {why}")]
pub struct Unreadable {
    language: Language,
    why: String,
}

/// The words of one language.
pub struct Words {
    language: Language,
    bundle: FluentBundle<FluentResource>,
    /// Messages without places, which are most, formatted once.
    plain: HashMap<String, String>,
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Words").field("language", &self.language).finish_non_exhaustive()
    }
}

impl Words {
    fn embedded(language: Language) -> Self {
        // Tests read both files; a program that carries an unreadable one was never tested.
        Self::read(language, language.source()).unwrap_or_else(|error| unreachable!("{error}"))
    }

    /// Reads a Fluent file.
    ///
    /// # Errors
    ///
    /// What is wrong with it, with the first place.
    pub fn read(language: Language, source: &str) -> Result<Self, Unreadable> {
        let fail = |why: String| Unreadable { language, why };
        let resource = FluentResource::try_new(source.to_owned()).map_err(|(_, errors)| {
            fail(errors.first().map_or_else(|| "it cannot be parsed".to_owned(), ToString::to_string))
        })?;
        let tag: LanguageIdentifier = language.tag().parse().map_err(|_| fail("its tag is none".to_owned()))?;
        let mut bundle = FluentBundle::new_concurrent(vec![tag]);
        // The marks that isolate a place from the direction of its surroundings; both languages run left to right.
        bundle.set_use_isolating(false);
        bundle.add_resource(resource).map_err(|errors| fail(format!("a message stands twice: {errors:?}")))?;
        let mut words = Self { language, bundle, plain: HashMap::new() };
        for name in ids(source) {
            let mut errors = Vec::new();
            if let Some(message) = words.bundle.get_message(name).and_then(|message| message.value()) {
                let text = words.bundle.format_pattern(message, None, &mut errors).into_owned();
                if errors.is_empty() {
                    words.plain.insert(name.to_owned(), text);
                }
            }
        }
        Ok(words)
    }

    pub fn language(&self) -> Language {
        self.language
    }

    /// A message without places. What is not there shows as nothing: a page must not show the names of its words.
    fn plain(&self, id: &str) -> &str {
        self.plain.get(id).map_or("", String::as_str)
    }

    /// A message with its places filled.
    fn fill<'a>(&self, id: &str, places: impl IntoIterator<Item = (&'static str, FluentValue<'a>)>) -> String {
        let Some(pattern) = self.bundle.get_message(id).and_then(|message| message.value()) else {
            return String::new();
        };
        let mut args = FluentArgs::new();
        for (place, value) in places {
            args.set(place, value);
        }
        self.bundle.format_pattern(pattern, Some(&args), &mut Vec::new()).into_owned()
    }

    /// What a group of messages says of one of its names.
    fn of(&self, group: &str, name: &str) -> &str {
        self.plain(&format!("{group}-{}", name.replace(['_', ':'], "-")))
    }
}

/// A closed piece is told by how it ended.
fn stage_or_end(stage: Stage, outcome: Option<Outcome>) -> &'static str {
    match outcome {
        Some(outcome) => outcome.as_str(),
        None => stage.as_str(),
    }
}

/// Minor units as people write them, with the currency's code (ISO 4217, with its number of decimals).
fn money(amount: i64, currency: &str) -> String {
    let decimals = match currency {
        "JPY" | "KRW" | "VND" | "CLP" | "ISK" | "XAF" | "XOF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        _ => 2,
    };
    if decimals == 0 {
        return format!("{currency} {amount}");
    }
    let unit = 10_i64.pow(decimals);
    let width = decimals as usize;
    format!("{currency} {}.{:0width$}", amount / unit, (amount % unit).abs())
}

/// The ids of the messages in a Fluent file. Each begins its line.
fn ids(source: &str) -> impl Iterator<Item = &str> {
    source.lines().filter_map(|line| line.split_once(" =")).map(|(id, _)| id).filter(|id| {
        id.starts_with(|c: char| c.is_ascii_lowercase()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    })
}

macro_rules! phrases {
    ($($name:ident)*) => {
        impl Words {
            $(pub fn $name(&self) -> &str {
                static ID: LazyLock<String> = LazyLock::new(|| stringify!($name).replace('_', "-"));
                self.plain(&ID)
            })*
        }

        #[cfg(test)]
        const PHRASES: &[&str] = &[$(stringify!($name)),*];
    };
}

macro_rules! sentences {
    ($($name:ident($($place:ident),*))*) => {
        impl Words {
            $(pub fn $name<'a>(&self, $($place: impl Into<FluentValue<'a>>),*) -> String {
                let id = stringify!($name).replace('_', "-");
                self.fill(&id, [$((stringify!($place), $place.into())),*])
            })*
        }

        #[cfg(test)]
        const SENTENCES: &[(&str, &[&str])] = &[$((stringify!($name), &[$(stringify!($place)),*])),*];
    };
}

// What the pages say.
phrases! {
    brand heading page_description skip refresh live_note language_switch piece_code for_buyer
    carrier_and_waybill track_parcel your_part decide_now
    ledger_heading ledger_intro said_as measured_as finding_as why no_value
    explain_not_testable explain_promise explain_not_tested speech_unavailable speech_pending flagged denied
    photos_heading photos_receipt photos_bench photos_packing
    measured_heading weight_heading weight_receipt weight_bench weight_packing weight_tagged
    read_by_instrument typed_by_hand not_examined_because treatment_none
    timeline_heading certificate_heading certificate_link certificate_void promise
    held_note cancel_note difference_heading difference_untold difference_judged override_note
    choice_heading choice_accept choice_accept_means choice_refuse choice_refuse_means choice_default choice_clock
    choice_friend choice_phone choice_phone_hint choice_send choice_back choice_pick choice_legend
    choice_done_heading choice_accepted choice_refused choice_expired choice_expired_why choice_gone choice_gone_why
    rest_heading rest_ship rest_ship_means rest_cancel rest_cancel_means rest_default rest_gone rest_gone_why
    return_heading return_why return_reason return_opened return_post return_carrier return_waybill return_posted
    return_unreadable return_gone return_gone_why return_made_to_order return_name_parcel
    case_heading case_why case_retest case_retest_means case_counterfeit case_counterfeit_means case_warranty
    case_warranty_means case_note case_gone case_gone_why case_open_already
    choice_stale choice_stale_why choice_wrong choice_locked choice_no_phone choice_known choice_known_why
    choice_other_site not_checked_heading
    no_page no_page_why too_many too_many_why broken broken_why
    certificate_stands certificate_revoked certificate_not_verified certificate_unknown certificate_unknown_why
    certificate_lost certificate_lost_why
    certificate_stands_why certificate_revoked_why certificate_not_verified_why
    certificate_covers certificate_covers_why certificate_offline certificate_download certificate_scan
    certificate_tag certificate_verdict certificate_weight certificate_laboratory certificate_rulebook
    certificate_journal certificate_valid_from certificate_parts certificate_claims
    certificate_own certificate_own_lacks certificate_own_running certificate_own_good certificate_own_bad
    certificate_own_revoked certificate_own_failed certificate_server certificate_own_start
    check_heading check_intro check_number check_paste check_send check_good check_bad check_number_send
    speech_checked speech_not_checked step_now step_done
    step_dispatch step_receipt step_check step_release step_delivery
    step_dispatch_now step_receipt_now step_check_now step_release_now step_delivery_now
    endpoint_paused_title
    demo_mail_heading demo_mail_none
    letter_follow letter_decide letter_certificate letter_digest_why letter_private letter_why_buyer
    letter_why_merchant letter_why_supervisor letter_rest_on_page letter_send_to letter_code_on_parcel
    letter_appeal_clock letter_another_clock letter_reasons party_you
    conduct_clean conduct_lesson conduct_warning conduct_closer_look conduct_recommended conduct_recommendation
}

// What the pages say with something in it.
sentences! {
    due_by(when)
    due_passed(when)
    return_until(when)
    rest_why(line_no)
    case_open(what, when)
    case_upheld(what, when)
    case_dismissed(what, when)
    times_in(zone)
    choice_until(when)
    choice_tries(left)
    choice_when(when)
    said_at(time)
    includes(things)
    uncertainty(value)
    instrument_named(name)
    photo_of(kind)
    counted_findings(finding, count)
    size_said(name, value)
    replay_at(time)
    title_of(piece)
    between(low, high)
    about(value)
    at_least(value)
    at_most(value)
    by_laboratory(name)
    held_until(when)
    with_original(word, original)
    endpoint_paused(url, since, outcome)
    letter_order(number)
    letter_pieces(count)
    letter_and_more(subject, count)
    letter_digest(digest)
    letter_send_until(when)
    letter_appeal_until(when)
    letter_collect_until(when)
    letter_rule_breached(rule)
    letter_stage(stage)
    letter_due(when)
    letter_quote(words)
    owed_amount(what, amount)
    owed_settled(what, amount)
    owed_open(what)
    owed_reversed(what)
    owed_else(amount)
    owed_else_until(when, amount)
    owed_between(who, whom, what)
    letter_another_until(when, amount)
}

impl Words {
    /// Where the piece is, in plain words.
    pub fn stage(&self, stage: Stage, outcome: Option<Outcome>) -> &str {
        match (stage, outcome) {
            (Stage::Closed, Some(outcome)) => self.of("closed", outcome.as_str()),
            (stage, _) => self.of("stage", stage.as_str()),
        }
    }

    /// What happens next, and who does it.
    pub fn next(&self, stage: Stage, outcome: Option<Outcome>) -> &str {
        match (stage, outcome) {
            (Stage::Closed, Some(outcome)) => self.of("after", outcome.as_str()),
            (stage, _) => self.of("next", stage.as_str()),
        }
    }

    /// Where the piece is, and whose turn it is, as its merchant reads it.
    pub fn to_merchant(&self, stage: Stage, outcome: Option<Outcome>) -> &str {
        self.of("merchant", stage_or_end(stage, outcome))
    }

    /// The same, as those read it who work in the warehouse.
    pub fn to_warehouse(&self, stage: Stage, outcome: Option<Outcome>) -> &str {
        self.of("warehouse", stage_or_end(stage, outcome))
    }

    /// How something arrived.
    pub fn condition(&self, condition: Condition) -> &str {
        self.of("condition", condition.as_str())
    }

    /// A line of the time line; none for what is of the house alone.
    pub fn event(&self, kind: EventKind) -> Option<&str> {
        Some(self.of("event", kind.as_str())).filter(|text| !text.is_empty())
    }

    /// Who did it, by part and not by name.
    pub fn role(&self, role: Role) -> &str {
        self.of("role", role.as_str())
    }

    pub fn verdict(&self, verdict: Verdict) -> &str {
        self.of("verdict", verdict.as_str())
    }

    pub fn finding(&self, finding: Finding) -> &str {
        self.of("finding", finding.as_str())
    }

    /// The subject of a letter that tells this; of `LETTERS` only.
    pub fn subject(&self, to: Recipient, notice: Notice) -> &str {
        self.of(&format!("subject-{}", to.as_str()), notice.as_str())
    }

    /// What a letter says of it first; of `LETTERS` only.
    pub fn tell(&self, to: Recipient, notice: Notice) -> &str {
        self.of(&format!("tell-{}", to.as_str()), notice.as_str())
    }

    pub fn claim(&self, kind: ClaimKind) -> &str {
        self.of("claim", kind.as_str())
    }

    pub fn source(&self, source: ClaimSource) -> &str {
        match source {
            ClaimSource::Spoken => self.plain("source-spoken"),
            ClaimSource::Listed => self.plain("source-listed"),
            ClaimSource::Certificate => self.plain("source-certificate"),
            ClaimSource::Added => self.plain("source-added"),
        }
    }

    pub fn component(&self, role: ComponentRole) -> &str {
        self.of("part", role.as_str())
    }

    pub fn state(&self, state: ComponentState) -> &str {
        self.of("state", state.as_str())
    }

    /// What is owed, and that it is settled only once it is.
    pub fn owed(&self, rule: OwedRule, state: OwedState, amount: Option<i64>, currency: &str) -> String {
        let what = self.of("owe", rule.as_str()).to_owned();
        let amount = amount.map(|amount| money(amount, currency));
        match (state, amount) {
            (OwedState::Reversed, _) => self.owed_reversed(what),
            (OwedState::Settled, Some(amount)) => self.owed_settled(what, amount),
            (OwedState::Owed, Some(amount)) => self.owed_amount(what, amount),
            (OwedState::Owed | OwedState::Settled, None) => self.owed_open(what),
        }
    }

    /// What a case is about.
    pub fn case_kind(&self, kind: CaseKind) -> &str {
        self.of("case-kind", kind.as_str())
    }

    /// An amount of minor units, as people write it.
    pub fn money(&self, amount: i64, currency: &str) -> String {
        money(amount, currency)
    }

    /// One of the three who may owe.
    pub fn party(&self, party: Party) -> &str {
        self.of("party", party.as_str())
    }

    /// What a merchant did wrong, for lists.
    pub fn incident(&self, kind: IncidentKind) -> &str {
        self.of("incident", kind.as_str())
    }

    /// The rule that a merchant is asked to read (教育先行).
    pub fn lesson(&self, kind: IncidentKind) -> &str {
        self.of("lesson", kind.as_str())
    }

    /// A step on the ladder of conduct.
    pub fn conduct_step(&self, step: i32) -> &str {
        match step {
            ..1 => self.conduct_clean(),
            1 => self.conduct_lesson(),
            2 => self.conduct_warning(),
            3 => self.conduct_closer_look(),
            4.. => self.conduct_recommended(),
        }
    }

    /// What a carrier tells that somebody has to look at.
    pub fn trouble(&self, trouble: TransitTrouble) -> &str {
        self.of("trouble", trouble.as_str())
    }

    /// What lay on the balance beside the piece.
    pub fn included(&self, included: Included) -> &str {
        self.of("include", included.as_str())
    }

    /// A value within its bound, such as "about 56 g".
    pub fn bounded(&self, bound: Bound, value: String) -> String {
        match bound {
            Bound::Exactly | Bound::Range => value,
            Bound::About => self.about(value),
            Bound::AtLeast => self.at_least(value),
            Bound::AtMost => self.at_most(value),
        }
    }

    /// A photo by the kind of what it shows.
    pub fn photo(&self, kind: &str) -> String {
        self.known("photo", kind)
    }

    /// A method of testing.
    pub fn method(&self, method: &str) -> String {
        self.known("method", method)
    }

    /// A size by its name.
    pub fn size(&self, name: &str) -> String {
        self.known("size", name)
    }

    /// A name of the house's tables in words; another as it was written, without the marks of a program.
    fn known(&self, group: &str, name: &str) -> String {
        match self.of(group, name) {
            "" => name.replace('_', " "),
            text => text.to_owned(),
        }
    }

    /// A term of the trade. Names are Chinese as a rule; English explains those that it knows. What the reader of speech
    /// normalised is said in the words of the language.
    pub fn term(&self, name: &str) -> String {
        let explained = |english: &str, chinese: &str| match english == chinese {
            true => english.to_owned(),
            false => self.with_original(english.to_owned(), chinese.to_owned()),
        };
        match (self.language, glossary::term(name)) {
            (Language::Chinese, Some(term)) => term.chinese,
            (Language::English, Some(term)) => explained(&term.english, &term.chinese),
            (Language::Chinese, None) => name.to_owned(),
            (Language::English, None) => {
                glossary::english(name).map_or_else(|| name.to_owned(), |english| explained(english, name))
            }
        }
    }

    /// What was claimed by name. A name for which there is no word is told by the claim's own words, and where those
    /// are gone without the marks of a program: nobody is shown a key.
    pub fn claimed(&self, name: &str, own: impl FnOnce() -> Option<String>) -> String {
        if glossary::is_key(name) && glossary::term(name).is_none() {
            return own().unwrap_or_else(|| name.replace('_', " "));
        }
        self.term(name)
    }
}
