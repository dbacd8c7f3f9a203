//! A claim beside what was measured: the finding that is proposed. A person settles it.
//!
//! Whatever was not examined, cannot be determined, is not there, or cannot be compared like with like is `not_tested`:
//! nothing is confirmed by silence. All arithmetic is in whole micrograms, micrometres and parts per million.

use std::collections::BTreeSet;

use super::case::{Case, Compared, Found, Quantity, is_examined};
use super::names::{Match, Treatments, canonical};
use super::reasons::Why;
use super::severity::Difference;
use super::{PURE_PPM, fineness};
use crate::domain::appraisal::{ComponentResult, ComponentRole, Size};
use crate::domain::certificate::{Binding, CertificateKey};
use crate::domain::ids::ComponentId;
use crate::domain::ledger::{Bound, Certainty, Claim, ClaimKind, ClaimSource, ClaimedValue, Finding};
use crate::domain::quantity::Fineness;
use crate::domain::text::Name;

/// What is agreed and what is not: a finding by two sentences.
fn agree<const N: usize>(
    agrees: bool,
    (yes, no, difference): (Why, Why, Difference),
    args: [(&'static str, String); N],
) -> Found {
    if agrees {
        Found::new(Finding::Confirmed, yes, args)
    } else {
        Found::new(Finding::Contradicted, no, args).by(difference)
    }
}

impl<'a> Case<'a> {
    /// The finding for one claim.
    pub fn finding(&self, claim: &'a Claim) -> Found {
        let found = self.certain_finding(claim);
        match (claim.certainty, found.finding) {
            (Certainty::Low, Finding::Contradicted) => found.doubtful(),
            (Certainty::Low | Certainty::High, _) => found,
        }
    }

    fn certain_finding(&self, claim: &'a Claim) -> Found {
        let said = self.said(claim);
        let compared = match (claim.kind, &claim.value) {
            (_, _) if claim.negated && self.tables.severity.is_none() && claim.kind.is_compared() => {
                None // The first edition knew no denials.
            }
            (ClaimKind::Origin, _) => Some(Found::new(Finding::NotTestable, Why::Origin, [("said", said.clone())])),
            (ClaimKind::BannedPhrase, _) => {
                Some(Found::new(Finding::NotTestable, Why::Banned, [("said", said.clone())]))
            }
            (ClaimKind::Guarantee, _) => Some(self.guarantee(claim, &said)),
            (ClaimKind::Grade, _) => Some(self.grade(claim)),
            (ClaimKind::Material, ClaimedValue::Name { .. }) if claim.negated => self.denied_material(claim, &said),
            (ClaimKind::Treatment, ClaimedValue::Name { .. }) if claim.negated => self.denied_treatment(claim, &said),
            (ClaimKind::Certificate, _) if claim.negated => Some(Found::new(Finding::Promise, Why::DeniedNumber, [])),
            (ClaimKind::Fineness | ClaimKind::Weight | ClaimKind::Size, _) if claim.negated => {
                Some(Found::new(Finding::Promise, Why::DeniedNumber, []))
            }
            (ClaimKind::Material, ClaimedValue::Name { .. }) => self.material(claim, &said),
            (ClaimKind::Treatment, ClaimedValue::Name { .. }) => self.treatment(claim, &said),
            (ClaimKind::Fineness, ClaimedValue::Fineness { fineness_ppm }) => self.fineness(claim, *fineness_ppm),
            (ClaimKind::Weight, _) => self.weight(claim),
            (ClaimKind::Size, ClaimedValue::Size { name, length_um, upper_um, label, table }) => {
                let asked =
                    Size { name: name.clone(), length_um: *length_um, label: label.clone(), table: table.clone() };
                let found = self.size(claim, &asked, *upper_um);
                Some(found.unwrap_or_else(|| Found::new(Finding::NotTested, Why::SizeNotComparable, [])))
            }
            (ClaimKind::Certificate, ClaimedValue::Certificate { body, number }) => {
                Some(self.certificate_number(&CertificateKey::new(body.as_str(), number.as_str())))
            }
            (ClaimKind::Certificate, ClaimedValue::Name { .. }) => Some(self.certificate_of(&said)),
            _ => None, // A value that does not belong to its kind can be compared with nothing.
        };
        let found = compared.unwrap_or_else(|| Found::new(Finding::NotTested, Why::NotExamined, [("said", said)]));
        self.as_misfit(claim, found)
    }

    /// What a presented certificate prints of weight and sizes either fits this piece, or the certificate is another's.
    fn as_misfit(&self, claim: &Claim, found: Found) -> Found {
        let prints = matches!(claim.kind, ClaimKind::Weight | ClaimKind::Size) && is_printed(claim);
        match found.finding {
            Finding::Contradicted if prints => found.by(Difference::CertificateMisfit),
            Finding::Confirmed
            | Finding::Contradicted
            | Finding::NotTestable
            | Finding::NotTested
            | Finding::Promise => found,
        }
    }

    /// A number that is another article's contradicts, whatever the paper looks like (套证).
    fn certificate_number(&self, key: &CertificateKey) -> Found {
        let seen = self.appraisal.presented_certificate.as_ref().map(CertificateKey::of);
        match self.piece.binding(key) {
            Binding::Other { .. } => {
                Found::new(Finding::Contradicted, Why::CertificateBound, []).by(Difference::CertificateMisfit)
            }
            Binding::Asked { .. } => Found::new(Finding::NotTested, Why::CertificateAsked, []),
            Binding::Free | Binding::Same | Binding::Lifted => by_certificate(seen.as_ref() == Some(key)),
        }
    }

    fn guarantee(&self, claim: &Claim, said: &str) -> Found {
        let above = self.tables.severity.is_some() && self.is_above_level(claim);
        if above {
            let args = [("said", said.to_owned()), ("limit", self.order.guarantee_level.to_string())];
            return Found::new(Finding::Promise, Why::PromiseAboveLevel, args);
        }
        Found::new(Finding::Promise, Why::Promise, [("said", said.to_owned())])
    }

    /// 国检, GIA: a body that was named is the presented certificate's. A certificate of no named body is promised, and
    /// ours goes with the piece.
    fn certificate_of(&self, body: &str) -> Found {
        let seen = self.appraisal.presented_certificate.as_ref();
        match seen {
            Some(_) if body == "any" => by_certificate(true),
            None if body == "any" => Found::new(Finding::Promise, Why::CertificatePromised, []),
            Some(_) | None => {
                let is = |seen: &Name| {
                    let resolved = self.tables.names.resolve("certificate", seen.as_str());
                    canonical(&resolved) == canonical(body)
                };
                by_certificate(seen.is_some_and(|seen| is(&seen.body)))
            }
        }
    }

    fn material(&self, claim: &'a Claim, said: &str) -> Option<Found> {
        let found = match self.examined(claim) {
            Some(found) => found,
            None if claim.component.is_none() => return self.somewhere(said, None),
            None => return None,
        };
        let compared = self.material_of(claim, said, found)?;
        if claim.component.is_none() && compared.finding == Finding::Contradicted {
            // Said of no part in particular: of another part it may be true.
            if let Some(elsewhere) = self.somewhere(said, Some(&found.component)) {
                return Some(elsewhere);
            }
            if self.appraisal.components.iter().any(|part| !is_examined(part) && part.role != ComponentRole::Cord) {
                return Some(Found::new(Finding::NotTested, Why::MaterialElsewhere, [("said", said.to_owned())]));
            }
        }
        Some(compared)
    }

    /// Some part of the piece is what was said, but for one that was looked at already.
    fn somewhere(&self, said: &str, but: Option<&ComponentId>) -> Option<Found> {
        let others = self.appraisal.components.iter().filter(|found| Some(&found.component) != but);
        let parts = others.filter(|found| is_examined(found));
        parts.filter_map(|found| Some((found, found.material.as_ref()?.as_str()))).find_map(|(found, concluded)| {
            let is_same = match self.tables.names.metal(said) {
                Some(_) => self.metal(said, concluded, found).finding == Finding::Confirmed,
                None => matches!(self.tables.names.matches(said, concluded), Match::Same(_)),
            };
            let is_plain = self.against_readings(said, found).is_none()
                && self.treatments_of(found).treatments.is_subset(&self.treatments_said(said));
            (is_same && is_plain).then(|| {
                let args = [("found", concluded.to_owned()), ("said", said.to_owned())];
                Found::new(Finding::Confirmed, Why::MaterialSame, args)
            })
        })
    }

    fn treatments_said(&self, said: &str) -> BTreeSet<String> {
        self.tables.names.named_treatments(said).treatments
    }

    fn material_of(&self, claim: &'a Claim, said: &str, found: &'a ComponentResult) -> Option<Found> {
        let concluded = found.material.as_ref()?.as_str();
        let args = || [("found", concluded.to_owned()), ("said", said.to_owned())];
        let (named, implied) = match self.tables.names.metal(said) {
            Some(_) => (self.metal(said, concluded, found), Treatments::default()),
            None => match self.tables.names.matches(said, concluded) {
                Match::Same(implied) => (Found::new(Finding::Confirmed, Why::MaterialSame, args()), implied),
                Match::Narrower if self.is_said_of_it(claim, concluded) => {
                    (Found::new(Finding::Confirmed, Why::MaterialSame, args()), Treatments::default())
                }
                Match::Narrower => {
                    (Found::new(Finding::NotTested, Why::MaterialNarrower, args()), Treatments::default())
                }
                Match::Other => {
                    let other = Found::new(Finding::Contradicted, Why::MaterialOther, args());
                    (other.by(Difference::Material), Treatments::default())
                }
            },
        };
        let undeclared = self.undeclared(claim, said, found, implied);
        let mut worst = named.worse(undeclared);
        if worst.finding == Finding::Contradicted && self.is_substitute(said, found) {
            worst = worst.by(Difference::Substitute);
        }
        match self.against_readings(said, found) {
            Some(against) => Some(worst.worse(against)),
            None => Some(worst),
        }
    }

    /// Whether the variety that a conclusion adds was said of the same part too: 和田玉 listed, 碧玉 said, and
    /// 和田玉(碧玉) concluded. The first edition held each claim alone.
    fn is_said_of_it(&self, claim: &Claim, concluded: &str) -> bool {
        self.tables.severity.is_some()
            && self.claims.iter().any(|other| {
                other.kind == ClaimKind::Material
                    && other.component == claim.component
                    && !other.negated
                    && other.certainty == Certainty::High
                    && matches!(self.tables.names.matches(&self.said(other), concluded), Match::Same(_))
            })
    }

    fn is_substitute(&self, said: &str, found: &ComponentResult) -> bool {
        let concluded = found.material.as_ref().map_or("", |name| name.as_str());
        let seen = self.treatments_of(found);
        let treatments: Vec<_> = seen.treatments.iter().chain(&seen.enhancements).cloned().collect();
        let severity = self.tables.severity.as_ref();
        severity.is_some_and(|severity| severity.is_substitute(&self.tables.names, said, concluded, &treatments))
    }

    /// A metal is the one that was named, and at least as fine as its name says.
    fn metal(&self, said: &str, concluded: &str, found: &ComponentResult) -> Found {
        let args = || [("found", concluded.to_owned()), ("said", said.to_owned())];
        let other = || Found::new(Finding::Contradicted, Why::MaterialOther, args()).by(Difference::Material);
        let names = &self.tables.names;
        let (Some(said), Some(seen)) = (names.metal(said), names.metal(concluded)) else { return other() };
        if said.metal != seen.metal {
            return other();
        }
        let same = || Found::new(Finding::Confirmed, Why::MetalSame, args());
        let below = || Found::new(Finding::Contradicted, Why::MetalBelow, args()).by(Difference::Fineness);
        let Some(least) = said.least_ppm else { return same() };
        match (found.fineness_ppm, seen.least_ppm) {
            (Some(measured), _) if least <= measured.0 => same(),
            (Some(_), _) => below(),
            (None, Some(named)) if least <= named => same(),
            // 18K金 for 足金 is another grade; 足金 for 千足金 may be 999 and was not measured.
            (None, Some(named)) if named < PURE_PPM => below(),
            (None, _) => Found::new(Finding::NotTested, Why::MetalGradeOpen, args()),
        }
    }

    /// The plain name means natural and untreated, so a treatment that was found and not declared contradicts it. (GB/T
    /// 16552; an enhancement, 优化, may stay unsaid.)
    fn undeclared(&self, claim: &Claim, said: &str, found: &ComponentResult, implied: Treatments) -> Found {
        let names = &self.tables.names;
        let named = names.named_treatments(said);
        let mut declared = implied;
        declared.add(&named);
        for other in self.claims.iter().filter(|other| other.component == claim.component && !other.negated) {
            match (other.kind, &other.value) {
                (ClaimKind::Treatment, ClaimedValue::Name { .. }) => {
                    declared.add(&names.treatments(&self.said(other)));
                }
                // 玛瑙(覆膜) declares as much. The first edition looked at the field alone.
                (ClaimKind::Material, ClaimedValue::Name { .. }) if self.tables.severity.is_some() => {
                    declared.add(&names.named_treatments(&self.said(other)));
                }
                _ => {} // Nothing else declares a treatment.
            }
        }
        let seen = self.treatments_of(found);
        let concluded = [&found.material, &found.treatment].into_iter().flatten().map(|name| name.as_str());
        let args = [("found", concluded.collect::<Vec<_>>().join("，")), ("said", said.to_owned())];
        if !seen.treatments.is_subset(&declared.treatments) {
            const CLASSES: [&str; 5] = ["synthetic", "artificial", "assembled", "reconstructed", "imitation"];
            let mut undeclared = seen.treatments.difference(&declared.treatments);
            let (why, difference) = match undeclared.any(|one| CLASSES.contains(&one.as_str())) {
                true => (Why::MaterialClass, Difference::Class),
                false => (Why::TreatmentUndeclared, Difference::Treatment),
            };
            return Found::new(Finding::Contradicted, why, args).by(difference);
        }
        let is_open = (seen.unknown && !declared.unknown) || !named.treatments.is_subset(&seen.treatments);
        if is_open {
            Found::new(Finding::NotTested, Why::TreatmentOpen, args)
        } else {
            Found::new(Finding::Confirmed, Why::TreatmentSame, args)
        }
    }

    /// The treatments that a conclusion names, in its field or in the name itself.
    pub fn treatments_of(&self, found: &ComponentResult) -> Treatments {
        super::looks::treatments_of(&self.tables.names, found)
    }

    /// A component that was examined and concluded without a treatment is untreated, because a treatment must stand in
    /// the conclusion; whether it was heated need not, so 无烧 takes a word of its own.
    fn treatment(&self, claim: &'a Claim, claimed: &str) -> Option<Found> {
        let found = self.examined(claim)?;
        let material = found.material.as_ref()?;
        let concluded = found.treatment.as_ref().map(|treatment| canonical(treatment.as_str()));
        let (mut said, mut seen) = (self.tables.names.treatments(claimed), self.treatments_of(found));
        if concluded == Some(canonical(claimed)) {
            // The same word needs no meaning; what the concluded name itself says still speaks.
            (said.unknown, seen.unknown) = (false, false);
        }
        let shown = found.treatment.as_ref().map_or_else(|| material.to_string(), |word| format!("{material}，{word}"));
        let with = |finding| {
            let why = match finding {
                Finding::Confirmed => Why::TreatmentSame,
                Finding::Contradicted => Why::TreatmentOther,
                Finding::NotTestable | Finding::NotTested | Finding::Promise => Why::TreatmentOpen,
            };
            let compared = Found::new(finding, why, [("found", shown.clone()), ("said", claimed.to_owned())]);
            if finding == Finding::Contradicted { compared.by(Difference::Treatment) } else { compared }
        };
        if said.unknown || said.open || seen.open {
            return Some(with(Finding::NotTested));
        }
        let mut finding = if seen.unknown { Finding::NotTested } else { Finding::Confirmed };
        let mut also = |other: Finding| finding = if finding.milder_than(other) { other } else { finding };
        if !seen.treatments.is_subset(&said.treatments) {
            also(Finding::Contradicted);
        }
        let is_missing = |said: &BTreeSet<String>, seen| !said.is_subset(seen);
        if is_missing(&said.treatments, &seen.treatments) || is_missing(&said.enhancements, &seen.enhancements) {
            // A conclusion without a word is silent; one with another word speaks.
            also(if concluded.is_some() { Finding::Contradicted } else { Finding::NotTested });
        }
        let is_enhanced = !seen.enhancements.is_subset(&said.enhancements);
        if said.unenhanced && is_enhanced {
            also(Finding::Contradicted);
        }
        if said.untreated && is_enhanced {
            // 天然 and A货 leave room for an enhancement; whether for this one, a person says.
            also(Finding::NotTested);
        }
        if said.unheated {
            also(match (seen.enhancements.contains("heated"), seen.unheated) {
                (true, _) => Finding::Contradicted,
                (false, true) => Finding::Confirmed,
                (false, false) => Finding::NotTested,
            });
        }
        let compared = with(finding);
        if finding == Finding::Contradicted && self.is_substitute(material.as_str(), found) {
            return Some(compared.by(Difference::Substitute));
        }
        Some(compared)
    }

    /// 不是铜: contradicted where it is, and nothing said of what else it may be.
    fn denied_material(&self, claim: &'a Claim, said: &str) -> Option<Found> {
        let found = self.examined(claim)?;
        let concluded = found.material.as_ref()?.as_str();
        let is_it = match self.tables.names.metal(said) {
            Some(denied) => self.tables.names.metal(concluded).is_some_and(|seen| seen.metal == denied.metal),
            None => matches!(self.tables.names.matches(said, concluded), Match::Same(_)),
        };
        let args = [("found", concluded.to_owned()), ("said", said.to_owned())];
        Some(agree(!is_it, (Why::DeniedNotFound, Why::DeniedFound, Difference::Material), args))
    }

    /// 没有注胶: contradicted where the conclusion names it. A conclusion need not say of heat, oil or wax.
    fn denied_treatment(&self, claim: &'a Claim, said: &str) -> Option<Found> {
        let found = self.examined(claim)?;
        let material = found.material.as_ref()?;
        let (denied, seen) = (self.tables.names.treatments(said), self.treatments_of(found));
        let both = |seen: &Treatments| -> BTreeSet<String> {
            seen.treatments.iter().chain(&seen.enhancements).cloned().collect()
        };
        let shown = found.treatment.as_ref().map_or_else(|| material.to_string(), |word| format!("{material}，{word}"));
        let args = [("found", shown), ("said", said.to_owned())];
        if !both(&denied).is_disjoint(&both(&seen)) {
            return Some(Found::new(Finding::Contradicted, Why::DeniedFound, args).by(Difference::Treatment));
        }
        let is_told = !denied.treatments.is_empty() && denied.enhancements.is_empty() && !denied.unknown && !seen.open;
        let finding = if is_told && !seen.unknown { Finding::Confirmed } else { Finding::NotTested };
        let why = if finding == Finding::Confirmed { Why::DeniedNotFound } else { Why::TreatmentOpen };
        Some(Found::new(finding, why, args))
    }

    /// Fineness is a minimum without a negative allowance (GB 11887). A part may be less fine than its piece, as far as
    /// the standard lets it; and what X-ray fluorescence reads is the surface.
    fn fineness(&self, claim: &'a Claim, said: Fineness) -> Option<Found> {
        let found = self.examined(claim)?;
        let measured = found.fineness_ppm?;
        if claim.bound == Bound::AtMost {
            return Some(Found::new(Finding::NotTested, Why::FinenessBound, [("said", said.per_mille())]));
        }
        let parts = match found.role {
            ComponentRole::Accessory => self.fineness_of_parts(found, said),
            ComponentRole::MainStone
            | ComponentRole::SideStone
            | ComponentRole::Metal
            | ComponentRole::Setting
            | ComponentRole::Cord => None,
        };
        let least = parts.unwrap_or(said);
        let args = || [("measured", measured.per_mille()), ("said", said.per_mille()), ("limit", least.per_mille())];
        let words = match parts {
            Some(_) => (Why::FinenessPartsMet, Why::FinenessPartsBelow, Difference::Fineness),
            None => (Why::FinenessMet, Why::FinenessBelow, Difference::Fineness),
        };
        let mut compared = agree(least <= measured, words, args());
        if compared.finding == Finding::Confirmed && self.reads_surface_only(found) {
            compared = Found::new(Finding::NotTested, Why::FinenessSurface, args());
        }
        Some(compared.comparing(Compared {
            quantity: Quantity::Fineness,
            said: said.0,
            measured: vec![measured.0],
            low: Some(least.0),
            high: None,
        }))
    }

    fn fineness_of_parts(&self, found: &ComponentResult, said: Fineness) -> Option<Fineness> {
        let metal = self.tables.names.metal(found.material.as_ref()?.as_str())?.metal;
        fineness::of_parts(&self.tables.fineness, metal, said)
    }

    /// A hollow or plated piece that only X-ray fluorescence looked at.
    fn reads_surface_only(&self, found: &ComponentResult) -> bool {
        if self.tables.fineness.is_empty() {
            return false; // An edition of before the rule.
        }
        let is_xray = |method: &str| {
            matches!(canonical(method).as_str(), "XRF" | "X-RAY" | "X_RAY_FLUORESCENCE" | "X-RAYFLUORESCENCE" | "EDXRF")
                || method.contains("荧光")
        };
        let only_xray = !found.tests.is_empty() && found.tests.iter().all(|test| is_xray(test.method.as_str()));
        let seen = self.treatments_of(found);
        let plated = seen.enhancements.contains("plated")
            || seen.treatments.contains("gold_clad")
            || seen.treatments.contains("silver_clad");
        let hollow = ["hollow", "空心"].into_iter().any(|word| self.claims_word(ClaimKind::Grade, word));
        only_xray && (plated || hollow)
    }
}

/// Whether a certificate prints it, also where the listing says the same.
pub fn is_printed(claim: &Claim) -> bool {
    claim.source == ClaimSource::Certificate
        || claim.also.iter().any(|statement| statement.source == ClaimSource::Certificate)
}

fn by_certificate(is_seen: bool) -> Found {
    match is_seen {
        true => Found::new(Finding::Confirmed, Why::CertificateSeen, []),
        false => Found::new(Finding::NotTested, Why::CertificateNotSeen, []),
    }
}

#[cfg(test)]
mod tests;
