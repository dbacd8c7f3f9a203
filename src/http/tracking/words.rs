//! The page's words, in two languages. They say what was measured, never that a piece is "100 % authentic".

use crate::domain::actor::Role;
use crate::domain::event::{Event, Outcome};
use crate::domain::ledger::{ClaimKind, ClaimedValue, Finding, Verdict};
use crate::domain::quantity::decimal;
use crate::domain::route::Stage;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    Chinese,
    English,
}

use Language::{Chinese, English};

macro_rules! phrases {
    ($($name:ident: $chinese:literal, $english:literal;)*) => {
        impl Language {
            $(pub fn $name(self) -> &'static str {
                match self { Chinese => $chinese, English => $english }
            })*
        }
    };
}

phrases! {
    tag: "zh-CN", "en";
    name: "中文", "English";
    heading: "官方保真 · 订单进度", "Official authenticity · your order";
    no_page: "没有这个页面", "There is no such page";
    no_page_why: "请检查链接是否完整。", "Check that the link is complete.";
    code: "单件编号", "Piece code";
    waybill: "快递", "Carrier and waybill";
    ledger: "商家声明与检测结果", "What was stated, and what was found";
    speech: "本件没有可核对的直播讲解记录，已由两人确认；以上只核对了商品页面的声明。",
        "There is no recording of the live sale to check for this piece, as two persons confirmed; what is checked \
         above are the statements of its listing.";
    failed: "商品与描述不符，不会发给您。", "The piece is not as described; it will not be sent to you.";
    certificate: "放行凭证", "Release certificate";
    certificate_stands: "有效：签名真实，凭证未被撤销。", "It stands: the signature is genuine, and nothing was revoked.";
    certificate_revoked: "已撤销：此凭证不再有效。", "Revoked: this certificate no longer counts.";
    certificate_not_verified: "未通过验证：内容与签名不符。", "Not verified: its content is not what was signed.";
    certificate_offline: "凭证可离线验证：签名凭证、公钥与撤销名单均公开。",
        "The certificate can be checked without this site: the signed capsule, the public keys and the list of what was \
         revoked are open to everybody.";
    certificate_tag: "质检扣编号", "Tag";
    certificate_verdict: "结论", "Verdict";
    certificate_weight: "出库重量", "Weight at packing";
    certificate_laboratory: "检测机构", "Laboratory";
    certificate_rulebook: "规则集版本", "Rulebook";
    certificate_journal: "流水（事件数 · 末端哈希）", "Journal (events · head)";
    no_certificate: "没有这个凭证", "There is no such certificate";
    no_certificate_why: "请检查编号是否完整。", "Check that the number is complete.";
    promise: "本页写明检测了什么、何时、由谁检测；没有检测的也会说明。",
        "This page says what was examined, when and by whom, and what was not.";
}

impl Language {
    /// By the visitor's wish, else by their browser; Chinese where neither speaks.
    pub fn choose(wish: Option<&str>, accepted: Option<&str>) -> Self {
        let first = wish.or_else(|| accepted.and_then(|list| list.split([',', ';']).next())).unwrap_or("zh-CN");
        if first.trim().to_ascii_lowercase().starts_with("zh") { Chinese } else { English }
    }

    pub fn other(self) -> Self {
        match self {
            Chinese => English,
            English => Chinese,
        }
    }

    fn of(self, chinese: &'static str, english: &'static str) -> &'static str {
        match self {
            Chinese => chinese,
            English => english,
        }
    }

    /// A verdict of a capsule, by its name.
    pub fn verdict_word(self, verdict: &str) -> &'static str {
        match Verdict::parse(verdict) {
            Some(Verdict::Pass) => self.of("通过", "passed"),
            Some(Verdict::DisclosedDifference) => {
                self.of("有差异，买家已知悉并接受", "a difference that the buyer knew of and accepted")
            }
            Some(Verdict::Undetermined) => {
                self.of("有未能判定之处，买家已知悉并接受", "something left open that the buyer knew of and accepted")
            }
            Some(Verdict::NotAsDescribed) => self.of("与描述不符", "not as described"),
            Some(Verdict::SuspectedCounterfeit) => self.of("疑似假冒", "suspected counterfeit"),
            None => self.of("未知", "not known here"),
        }
    }

    /// Where the piece is, in plain words.
    pub fn stage(self, stage: Stage, outcome: Option<Outcome>) -> &'static str {
        match stage {
            Stage::AwaitingDispatch => self.of("等待商家寄往质检仓", "Waiting for the merchant to send it to us"),
            Stage::Inbound => self.of("正在寄往质检仓", "On its way to our warehouse"),
            Stage::IntakeException => {
                self.of("到仓时发现问题，正在处理", "Something was wrong on arrival; we look into it")
            }
            Stage::Received => self.of("已到质检仓", "Arrived at our warehouse"),
            Stage::Appraising => self.of("正在检测", "Being examined"),
            Stage::SpokenReview => self.of("正在核对商家的声明", "Being checked against what was stated"),
            Stage::AwaitingBuyer => self.of("有一处不同，需要您选择", "There is a difference; the choice is yours"),
            Stage::Undetermined => self.of("本仓无法判定，正在进一步处理", "It cannot be told here; we look further"),
            Stage::Failed => self.of("与描述不符", "Not as described"),
            Stage::Quarantined => self.of("暂存核查，您不会有损失", "Held for a closer look; you lose nothing"),
            Stage::Cleared => self.of("检测通过，等待封装", "Passed; waiting to be packed"),
            Stage::Tagged => self.of("已加质检扣并封装", "Tagged and packed"),
            Stage::Released => self.of("已放行，等待发货", "Released; waiting for its carrier"),
            Stage::Outbound => self.of("已发出，正在寄给您", "On its way to you"),
            Stage::Delivered => self.of("已签收", "Delivered"),
            Stage::ReturnInbound => self.of("正在退回质检仓", "On its way back to our warehouse"),
            Stage::ReturnIntake => self.of("退回件核对中", "The returned piece is being checked"),
            Stage::Returning => self.of("正在退回商家", "Going back to the merchant"),
            Stage::ReturningToBuyer => self.of("正在寄回给您", "Going back to you"),
            Stage::Closed => match outcome {
                Some(Outcome::Completed) => self.of("已完成", "Completed"),
                Some(Outcome::Cancelled) => self.of("已取消", "Cancelled"),
                Some(Outcome::Returned | Outcome::Unclaimed) => self.of("已退回商家", "Returned to the merchant"),
                Some(Outcome::Lost) => self.of("遗失；您不会有损失", "Lost; you lose nothing"),
                Some(Outcome::HandedToAuthority) => self.of("已移交主管部门", "Handed to the authority"),
                None => self.of("已结束", "Closed"),
            },
        }
    }

    /// A line of the time line; none for what is of the house alone.
    pub fn event(self, event: &Event) -> Option<&'static str> {
        Some(match event {
            Event::PieceOpened(_) => self.of("订单已受理", "Order taken in"),
            Event::Dispatched(_) => self.of("商家已寄出", "Sent by the merchant"),
            Event::Received(_) => self.of("质检仓已收到", "Received at the warehouse"),
            Event::AppraisalOpened(_) => self.of("开始检测", "Examination begun"),
            Event::AppraisalSettled(_) => self.of("检测完成", "Examination finished"),
            Event::VerdictGiven(_) => self.of("已出结论", "Verdict given"),
            Event::AppraisalReopened(_) => self.of("重新检测", "Examined again"),
            Event::Tagged(_) => self.of("已加质检扣", "Tagged and packed"),
            Event::Released(_) => self.of("已放行", "Released"),
            Event::Shipped(_) => self.of("已发货", "Shipped"),
            Event::Delivered(_) => self.of("已签收", "Delivered"),
            Event::Completed(_) => self.of("已完成", "Completed"),
            Event::CancelRequested(_) | Event::Cancelled(_) => self.of("取消", "Cancelled"),
            Event::ReturnShipped(_) => self.of("退件已寄出", "Return shipped"),
            Event::Returned(_) => self.of("商家已收到退件", "The merchant has it back"),
            Event::Lost(_) | Event::LostInCustody(_) => self.of("遗失", "Lost"),
            Event::DamagedInCustody(_) => self.of("在仓损坏", "Damaged in our hands"),
            Event::CertificateClashFound(_) => {
                self.of("正在核实送检证书", "The presented certificate is being checked")
            }
            Event::SameArticleAnswered(_) => self.of("送检证书已核实", "The presented certificate was checked"),
            Event::PackingMismatchFound(_) => self.of("封装称重不符，暂存核查", "The packing weight differed; held"),
            _ => return None, // The others are of the house, or of the side lines that are told by the stage.
        })
    }

    /// Who did it, by part and not by name.
    pub fn role(self, role: Role) -> &'static str {
        match role {
            Role::Platform => self.of("平台", "platform"),
            Role::Merchant => self.of("商家", "merchant"),
            Role::Clerk => self.of("仓管", "clerk"),
            Role::Inspector => self.of("质检师", "inspector"),
            Role::Supervisor => self.of("主管", "supervisor"),
            Role::Auditor => self.of("审计", "auditor"),
            Role::Operator => self.of("运维", "operator"),
            Role::Buyer => self.of("买家", "buyer"),
            Role::Carrier => self.of("快递", "carrier"),
            Role::Desk => self.of("系统", "system"),
        }
    }

    pub fn claim(self, kind: ClaimKind) -> &'static str {
        match kind {
            ClaimKind::Material => self.of("材质", "Material"),
            ClaimKind::Treatment => self.of("处理", "Treatment"),
            ClaimKind::Fineness => self.of("成色", "Fineness"),
            ClaimKind::Weight => self.of("重量", "Weight"),
            ClaimKind::Size => self.of("尺寸", "Size"),
            ClaimKind::Grade => self.of("等级", "Grade"),
            ClaimKind::Origin => self.of("产地", "Origin"),
            ClaimKind::Certificate => self.of("证书", "Certificate"),
            ClaimKind::Guarantee => self.of("承诺", "Guarantee"),
            ClaimKind::BannedPhrase => self.of("违规用语", "Words not allowed"),
        }
    }

    pub fn finding(self, finding: Finding) -> &'static str {
        match finding {
            Finding::Confirmed => self.of("相符", "confirmed"),
            Finding::Contradicted => self.of("不符", "contradicted"),
            Finding::NotTestable => self.of("无法用检测判定", "cannot be tested by a laboratory"),
            Finding::NotTested => self.of("未检测", "not tested"),
            Finding::Promise => self.of("属于承诺", "a promise, not a property"),
        }
    }

    /// What was claimed, as it is read.
    pub fn value(self, value: &ClaimedValue) -> String {
        match value {
            ClaimedValue::Name { name } => name.to_string(),
            ClaimedValue::Weight { weight, upper: None } => weight.to_string(),
            ClaimedValue::Weight { weight, upper: Some(upper) } => format!("{weight} – {upper}"),
            ClaimedValue::TradeWeight { unit, amount_millionths, upper_millionths, .. } => {
                let said = |amount: i64| format!("{} {}", decimal(amount, 6, 0), unit.as_str());
                match upper_millionths {
                    None => said(*amount_millionths),
                    Some(upper) => format!("{} – {}", decimal(*amount_millionths, 6, 0), said(*upper)),
                }
            }
            ClaimedValue::Fineness { fineness_ppm } => format!("{}‰", fineness_ppm.per_mille()),
            ClaimedValue::Size { length_um: Some(length), upper_um: None, .. } => {
                format!("{} mm", length.millimetres())
            }
            ClaimedValue::Size { length_um: Some(length), upper_um: Some(upper), .. } => {
                format!("{} – {} mm", length.millimetres(), upper.millimetres())
            }
            ClaimedValue::Size { length_um: None, label, .. } => {
                label.as_ref().map(ToString::to_string).unwrap_or_default()
            }
            ClaimedValue::Certificate { body, number } => format!("{body} {number}"),
        }
    }
}
