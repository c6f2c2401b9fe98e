//! Personal data, masked: enough is left to tell two values apart, not enough to know whose they are.

use crate::schema::Personal;

/// The value as it may be shown without a reason given.
pub(super) fn masked(kind: Personal, value: &str) -> String {
    let count = value.chars().count();
    let head = |n: usize| value.chars().take(n).collect::<String>();
    let tail = |n: usize| value.chars().skip(count.saturating_sub(n)).collect::<String>();
    match kind {
        Personal::Name => head(1) + &"*".repeat(count.saturating_sub(1).max(1)),
        Personal::Telephone if count > 7 => head(3) + "****" + &tail(2),
        // The division, which is no secret; birth date and serial are.
        Personal::IdNumber if count > 8 => head(6) + &"*".repeat(count - 6),
        Personal::Email => match value.split_once('@') {
            Some((_, host)) => head(1) + "***@" + host,
            None => "***".to_owned(),
        },
        Personal::Address if count > 6 => head(6) + "***",
        _ => "***".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tells_whose_it_is_does_not_remain() {
        let all = [
            (Personal::Name, "张三丰"),
            (Personal::Name, "李"),
            (Personal::Telephone, "13871234567"),
            (Personal::Telephone, "110"),
            (Personal::IdNumber, "420704198001011234"),
            (Personal::Email, "zhang@example.cn"),
            (Personal::Address, "湖北省鄂州市鄂城区滨湖路1号"),
            (Personal::Other, "B型"),
        ];
        let shown: Vec<String> = all.into_iter().map(|(kind, value)| masked(kind, value)).collect();
        assert_eq!(
            shown,
            ["张**", "李*", "138****67", "***", "420704************", "z***@example.cn", "湖北省鄂州市***", "***"]
        );
    }
}
