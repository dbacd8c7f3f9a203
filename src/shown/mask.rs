//! What of a buyer may stand on a page that is shown to friends: the first letter of a name, and a city.

/// A name by its first letter.
pub fn name(name: &str) -> Option<String> {
    let first = name.trim().chars().next().filter(|c| c.is_alphabetic())?;
    Some(if first.is_ascii() { format!("{first}***") } else { format!("{first}**") })
}

/// The city of a Chinese address; none of any other, since only there a sign says where it ends.
pub fn city(address: &str) -> Option<String> {
    let (before, _) = address.split_once('市')?;
    let start = ["省", "自治区", "特别行政区"].iter().filter_map(|mark| Some(before.rfind(mark)? + mark.len())).max();
    let city = before.get(start.unwrap_or(0)..)?.trim();
    // A city's name is short and holds nothing that a house number would.
    let fits = (1..=8).contains(&city.chars().count()) && city.chars().all(|c| c.is_alphabetic());
    fits.then(|| format!("{city}市"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_its_first_letter() {
        let check = |text: &str, expected: Option<&str>| assert_eq!(name(text).as_deref(), expected, "{text}");
        check("林晚舟", Some("林**"));
        check(" Emma Carter ", Some("E***"));
        check("Émile", Some("É**"));
        check("13800001111", None);
        check("", None);
    }

    #[test]
    fn a_city_is_told_and_no_street() {
        let check = |text: &str, expected: Option<&str>| assert_eq!(city(text).as_deref(), expected, "{text}");
        check("示例省样品市测试区桂花路1号", Some("样品市"));
        check("上海市浦东新区", Some("上海市"));
        check("内蒙古自治区呼和浩特市赛罕区", Some("呼和浩特市"));
        check("桂花路1号市场旁", None);
        check("1 Example Street, Sampleton", None);
        check("桂花路一号院三单元东门菜市口", None);
        check("", None);
    }
}
