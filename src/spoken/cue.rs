//! What a word does to the claims around it: deny them, ask for them, bound them, or tell what a number measures.

macro_rules! cues {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// The role of a word that claims nothing by itself. The names in the lexicon are those of [`Cue::parse`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub(super) enum Cue { $($(#[$doc])* $name,)* }

        impl Cue {
            #[cfg(test)]
            pub(super) const ALL: &[Cue] = &[$(Cue::$name,)*];

            pub(super) fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Cue::$name),)* _ => None }
            }
        }
    };
}

cues! {
    /// Claims nothing and hides the shorter words inside it.
    Noise = "noise",
    /// A numeral; where it begins, a number is read.
    Numeral = "numeral",
    Comma = "comma",
    Stop = "stop",
    /// Denies what follows.
    Neg = "neg",
    /// Denies what stands before it.
    NegPost = "negpost",
    /// Declines to claim what follows.
    Refuse = "refuse",
    /// A question that asserts: 难道不是.
    AssertQuestion = "assertq",
    IsWhat = "isq",
    Is = "is",
    Maybe = "maybe",
    /// Makes a statement stronger: 真, 统统, genuine.
    Strong = "strong",
    AskEnd = "ask_end",
    Whether = "whether",
    /// Somebody else asks.
    Ask = "ask",
    /// Somebody else says.
    Say = "say",
    Deny = "deny",
    Yes = "yes",
    Hypothetical = "hypo",
    /// Shows that a condition did not come true: 早黑了.
    Counter = "counter",
    Other = "other",
    Own = "self",
    Teach = "teach",
    GenericAfter = "generic_after",
    GenericBefore = "generic_before",
    Likeness = "likeness",
    Near = "near",
    NearPost = "near_post",
    Correct = "correct",
    Turn = "turn",
    AboutPost = "about_post",
    AboutPre = "about_pre",
    LeastPost = "least_post",
    LeastPre = "least_pre",
    MostPost = "most_post",
    MostPre = "most_pre",
    Unit = "unit",
    Price = "price",
    PricePre = "price_pre",
    Per = "per",
    Count = "count",
    Percent = "pct",
    Lot = "lot",
    WeightContext = "wctx",
    BangleContext = "ringgauge",
    RingContext = "ringsize",
    LengthContext = "lenctx",
    SizeContext = "sizectx",
    Tolerance = "tol",
    FinenessContext = "finctx",
    Nines = "nines",
    Plus = "plus",
    To = "to",
    Times = "times",
    Around = "around",
    Previous = "prev",
    But = "but",
    Join = "join",
    Part = "part",
    Folk = "folk",
    From = "from",
    Source = "source",
    NotOrigin = "notorigin",
    NotOriginAfter = "notorigin_after",
    Call = "call",
    Vow = "vow",
    Go = "go",
    Test = "test",
    Free = "free",
    Pay = "pay",
    FoldUnit = "fold_unit",
    FakePay = "fakepay",
    Day = "day",
    YieldVerb = "yield_verb",
    Product = "product",
    YieldSure = "yield_sure",
    /// Opens a comparison that nothing passes: 没有比它更绿的.
    Unmatched = "unmatched",
    /// Beads are spoken of.
    Bead = "bead",
    /// Those who bear metals badly are spoken of.
    Sensitive = "sensitive",
    /// May be worn all the same.
    MayWear = "mayworn",
    /// Asks what can't be so: 玻璃有这个光吗.
    RhetAsk = "rhetask",
    /// A number of the speaker's own: 体重.
    Body = "body",
    /// One thing sold as another: 拿危料当缅料卖.
    PassOff = "passoff",
    /// Opens a comparison that the seller will not have: 别拿无烧比.
    NotBeside = "notbeside",
    /// What is done to find a fault out: B货敲出来是闷的.
    Tried = "tried",
    /// Most of a kind are so: 基本都要加热.
    Mostly = "mostly",
    /// Opens a lesson that goes on for some clauses: 教你一招.
    Lesson = "lesson",
    /// Says it of that one kind alone: 贝珠才是染的.
    Only = "only",
    /// Leaves the judgement to the viewer: 水头嘛你们自己看.
    LeftOpen = "leftopen",
}

/// A set of cues, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cues(u128);

impl Cues {
    pub(super) const fn of(cues: &[Cue]) -> Self {
        let mut bits = 0;
        let mut at = 0;
        while at < cues.len() {
            bits |= 1 << cues[at] as u8;
            at += 1;
        }
        Self(bits)
    }

    pub(super) fn insert(&mut self, cue: Cue) {
        self.0 |= 1 << cue as u8;
    }

    pub(super) fn has(self, cue: Cue) -> bool {
        self.0 & (1 << cue as u8) != 0
    }

    pub(super) fn meets(self, other: Cues) -> bool {
        self.0 & other.0 != 0
    }

    pub(super) fn and(self, other: Cues) -> Self {
        Self(self.0 | other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cue_has_a_bit_of_its_own() {
        assert!(Cue::ALL.len() <= 128);
        let mut all = Cues::default();
        for cue in Cue::ALL {
            assert!(!all.has(*cue));
            all.insert(*cue);
        }
    }
}
