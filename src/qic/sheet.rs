//! The same columns of our own pieces. What the house does not know stays empty; nothing in it is made up, and no cell
//! holds what is personal.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::columns::Column;
use super::{guarded, weight};
use crate::domain::appraisal::{Appraisal, ComponentResult, ComponentRole, ComponentState, DeclaredComponent};
use crate::domain::event::Event;
use crate::domain::ledger::Verdict;
use crate::domain::piece::Piece;
use crate::domain::quantity::decimal;
use crate::domain::route::Stage;
use crate::spoken::mask::mask;

/// A piece with what its journal does not hold.
#[derive(Debug)]
pub struct OwnPiece<'a> {
    pub piece: &'a Piece,
    /// The merchant's title; none where its key was destroyed.
    pub title: Option<&'a str>,
    /// Of the warehouse: the export's times are local.
    pub timezone: &'a TimeZone,
}

/// The row of a piece, in the order of [`Column::ALL`]; every cell is guarded.
pub fn row(own: &OwnPiece) -> Vec<String> {
    let cells = Cells { own, appraisal: own.piece.settled().map(|(_, appraisal)| appraisal) };
    Column::ALL.iter().map(|column| guarded(&cells.cell(*column)).into_owned()).collect()
}

struct Cells<'a> {
    own: &'a OwnPiece<'a>,
    appraisal: Option<&'a Appraisal>,
}

impl Cells<'_> {
    fn cell(&self, column: Column) -> String {
        let piece = self.own.piece;
        match column {
            Column::PieceCode => piece.opened().code.to_string(),
            Column::CertificateNo => piece.capsule().map_or_else(String::new, |(_, code)| code.to_string()),
            Column::BatchedAt => self.time(|event| matches!(event, Event::Received(_))),
            Column::InspectedAt => self.time(|event| matches!(event, Event::AppraisalSettled(_))),
            Column::ReviewedAt => self.time(|event| matches!(event, Event::VerdictGiven(_))),
            Column::CertifiedAt => self.time(|event| matches!(event, Event::Released(_))),
            Column::Title => self.own.title.map_or_else(String::new, |title| mask(title, &[])),
            Column::Material => self.declared_main().map_or_else(String::new, material),
            Column::Setting => self.setting(),
            Column::Declared => piece.opened().declared.weight.as_ref().map_or_else(String::new, weight::written),
            Column::Stage => stage(piece.stage()).to_owned(),
            Column::IsAgain => if self.is_again() { "是" } else { "否" }.to_owned(),
            Column::Price => decimal(piece.opened().price.amount, 2, 0),
            Column::Result => self.result().unwrap_or_default().to_owned(),
            Column::Parts => {
                let main = self.declared_main().map(|part| &part.component);
                let parts = piece.opened().declared.components.iter();
                let others = parts.filter(|part| part.role != ComponentRole::Setting && Some(&part.component) != main);
                others.map(material).filter(|name| !name.is_empty()).collect::<Vec<_>>().join(",")
            }
            Column::Gem => self.concluded(|found| found.role == ComponentRole::MainStone),
            Column::Metal => self.concluded(|found| found.role.is_metal()),
            Column::IsTagged => if piece.tag().is_some() { "是" } else { "" }.to_owned(),
            Column::Weight => self.appraisal.map_or_else(String::new, |found| weight::written(&found.weight)),
            Column::Remark => self.remark(),
            Column::Unit => "个".to_owned(),
            Column::Conformity => match self.result() {
                Some("通过") => "合格".to_owned(),
                Some(_) => "不合格".to_owned(),
                None => String::new(),
            },
            // The house keeps no such thing, or it may not leave it.
            Column::Tray
            | Column::Fee
            | Column::RejectCode
            | Column::RejectWords
            | Column::Flaw
            | Column::Kind
            | Column::Condition
            | Column::TestKind
            | Column::Purpose
            | Column::Form
            | Column::Storage => String::new(),
        }
    }

    /// When something happened last, in local time.
    fn time(&self, what: impl Fn(&Event) -> bool) -> String {
        let at = self.own.piece.history().iter().rev().find(|recorded| what(&recorded.event));
        let local = |at: Timestamp| at.to_zoned(self.own.timezone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string();
        at.map_or_else(|| "-".to_owned(), |recorded| local(recorded.at))
    }

    fn declared_main(&self) -> Option<&DeclaredComponent> {
        let parts = &self.own.piece.opened().declared.components;
        parts
            .iter()
            .find(|part| part.role == ComponentRole::MainStone)
            .or_else(|| parts.iter().find(|part| part.role == ComponentRole::Metal))
    }

    fn setting(&self) -> String {
        let parts = &self.own.piece.opened().declared.components;
        match parts.iter().find(|part| part.role == ComponentRole::Setting) {
            Some(part) => format!("{}镶嵌", material(part)),
            None if parts.iter().any(|part| part.role == ComponentRole::MainStone) => "未镶嵌".to_owned(),
            None => String::new(),
        }
    }

    fn is_again(&self) -> bool {
        self.own.piece.history().iter().any(|recorded| {
            matches!(recorded.event, Event::AppraisalReopened(_) | Event::Appealed(_) | Event::SecondLookCalled(_))
        })
    }

    fn result(&self) -> Option<&'static str> {
        self.own.piece.verdict().map(|(_, given)| match given.verdict {
            Verdict::Pass | Verdict::DisclosedDifference => "通过",
            Verdict::Undetermined | Verdict::NotAsDescribed | Verdict::SuspectedCounterfeit => "不通过",
        })
    }

    fn concluded(&self, fits: impl Fn(&ComponentResult) -> bool) -> String {
        let found = self.appraisal.and_then(|found| found.components.iter().find(|part| fits(part)));
        found.filter(|part| is_examined(part)).map_or_else(String::new, |part| {
            let name = part.material.as_ref().map_or("", |name| name.as_str());
            match part.treatment.as_ref().map(|word| word.as_str()) {
                // The plain name means natural and untreated (GB/T 16552).
                None | Some("A货" | "天然" | "未处理") => name.to_owned(),
                Some(treatment) => format!("{name}（{treatment}）"),
            }
        })
    }

    fn remark(&self) -> String {
        let Some(appraisal) = self.appraisal else { return String::new() };
        let open = appraisal.components.iter().filter(|part| !is_examined(part)).map(|part| match part.role {
            ComponentRole::MainStone => "主石未检",
            ComponentRole::SideStone => "配石未检",
            ComponentRole::Metal | ComponentRole::Setting => "金属未测",
            ComponentRole::Cord => "绳未检",
            ComponentRole::Accessory => "配件未检",
        });
        let mut words: Vec<_> = open.collect();
        words.dedup();
        if words.is_empty() { "---".to_owned() } else { words.join(",") }
    }
}

fn is_examined(part: &ComponentResult) -> bool {
    match part.state {
        ComponentState::Examined => true,
        ComponentState::NotExamined | ComponentState::CannotBeDetermined => false,
    }
}

fn material(part: &DeclaredComponent) -> String {
    part.material.as_ref().map_or_else(String::new, ToString::to_string)
}

/// 状态, by the words of the export.
fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::AwaitingDispatch | Stage::Inbound | Stage::IntakeException | Stage::Received => "批次已生成",
        Stage::Appraising => "质检中",
        Stage::SpokenReview | Stage::AwaitingBuyer | Stage::Undetermined | Stage::Failed | Stage::Quarantined => {
            "复核中"
        }
        Stage::Cleared | Stage::Tagged => "待制证",
        Stage::Released => "流程完成",
        Stage::Outbound
        | Stage::Delivered
        | Stage::ReturnInbound
        | Stage::ReturnIntake
        | Stage::Returning
        | Stage::ReturningToBuyer => "已流转",
        Stage::Closed => "流程完成",
    }
}
