//! From tokens to a date and a time: each form that is read, and nothing that only resembles one.

use super::tokens::Token;
use super::{Civil, Wrong, century};

/// A day, or two that the text could mean.
pub(super) enum Date {
    One(Civil),
    Either(Civil, Civil),
}

#[derive(Clone, Copy, Default)]
pub(super) struct Time {
    pub(super) hour: u32,
    pub(super) minute: u32,
    pub(super) second: u32,
    pub(super) micros: u32,
    pub(super) offset_minutes: Option<i32>,
}

pub(super) struct Reader<'a> {
    pub(super) tokens: &'a [Token],
    pub(super) at: usize,
}

impl Reader<'_> {
    fn peek(&self, ahead: usize) -> Option<Token> {
        self.tokens.get(self.at + ahead).copied()
    }

    /// Takes a number of so many digits.
    fn number(&mut self, digits: std::ops::RangeInclusive<u8>) -> Option<u32> {
        match self.peek(0)? {
            Token::Number { value, digits: count, .. } if digits.contains(&count) => {
                self.at += 1;
                u32::try_from(value).ok()
            }
            _ => None,
        }
    }

    fn sign(&mut self, any_of: &[char]) -> Option<char> {
        match self.peek(0)? {
            Token::Sign(c) if any_of.contains(&c) => {
                self.at += 1;
                Some(c)
            }
            _ => None,
        }
    }

    pub(super) fn date(&mut self) -> Result<Date, Wrong> {
        match self.peek(0) {
            Some(Token::Number { value, digits: digits @ (8 | 12 | 14), .. }) => {
                self.at += 1;
                Ok(Date::One(self.digits_only(value, digits)?))
            }
            Some(Token::Number { digits: 4, .. }) => self.year_first().map(Date::One).ok_or(Wrong::Unreadable),
            Some(Token::Number { digits: 1 | 2, .. }) => self.year_last(),
            Some(Token::Month(month)) => {
                self.at += 1;
                let read = |r: &mut Self| {
                    let day = r.number(1..=2)?;
                    r.sign(&[',']);
                    Some(Civil { year: r.number(4..=4)?, month, day, ..Civil::default() })
                };
                read(self).map(Date::One).ok_or(Wrong::Unreadable)
            }
            _ => Err(Wrong::Unreadable),
        }
    }

    /// `20160414`, `201604140905`, `20160414090500`.
    fn digits_only(&mut self, value: u64, digits: u8) -> Result<Civil, Wrong> {
        let padded = value * 10u64.pow(u32::from(14 - digits));
        let part = |by: u64, size: u64| (padded / by % size) as u32;
        let civil = Civil {
            year: part(10_000_000_000, 10_000),
            month: part(100_000_000, 100),
            day: part(1_000_000, 100),
            hour: part(10_000, 100),
            minute: part(100, 100),
            second: part(1, 100),
            micros: 0,
        };
        match (digits, self.peek(0)) {
            (8, _) => Ok(civil),
            // A time that is there twice is none.
            (_, None) => Ok(civil),
            _ => Err(Wrong::Unreadable),
        }
    }

    /// `2016-4-14`, `2016/4/14`, `2016.4.14`, `2016年4月14日`.
    fn year_first(&mut self) -> Option<Civil> {
        let year = self.number(4..=4)?;
        let first = self.sign(&['-', '/', '.', '年'])?;
        let month = self.number(1..=2)?;
        self.sign(if first == '年' { &['月'] } else { std::slice::from_ref(&first) })?;
        let day = self.number(1..=2)?;
        if first == '年' {
            self.sign(&['日', '号']);
        }
        Some(Civil { year, month, day, ..Civil::default() })
    }

    /// `14 Mar 2016`, `14-Mar-2016`; `16/03/2026`, where only one order makes a date; else two are named.
    fn year_last(&mut self) -> Result<Date, Wrong> {
        let first = self.number(1..=2).ok_or(Wrong::Unreadable)?;
        let sign = self.sign(&['-', '/', '.']);
        if let Some(Token::Month(month)) = self.peek(0) {
            self.at += 1;
            if let Some(sign) = sign {
                self.sign(&[sign]).ok_or(Wrong::Unreadable)?;
            }
            self.sign(&[',']);
            let year = self.number(4..=4).ok_or(Wrong::Unreadable)?;
            return Ok(Date::One(Civil { year, month, day: first, ..Civil::default() }));
        }
        let sign = sign.ok_or(Wrong::Unreadable)?;
        let second = self.number(1..=2).ok_or(Wrong::Unreadable)?;
        self.sign(&[sign]).ok_or(Wrong::Unreadable)?;
        let civil = |year, month, day| Civil { year, month, day, ..Civil::default() };
        match self.peek(0) {
            Some(Token::Number { value, digits: 4, .. }) => {
                self.at += 1;
                let year = value as u32;
                Ok(Date::Either(civil(year, second, first), civil(year, first, second)))
            }
            Some(Token::Number { value, digits: 2, .. }) => Err(two_digit_year(first, second, value as u32)),
            _ => Err(Wrong::Unreadable),
        }
    }

    /// The time of day, to the end of the text.
    pub(super) fn time(&mut self) -> Result<Option<Time>, Wrong> {
        if self.peek(0).is_none() {
            return Ok(None);
        }
        let read = |r: &mut Self| -> Option<Time> {
            let mut time = Time::default();
            let with_t = r.sign(&['T']).is_some();
            let mut noon = r.noon();
            r.clock(&mut time, with_t)?;
            noon = noon.or_else(|| r.noon());
            r.sign(&['整']);
            time.offset_minutes = r.offset(with_t)?;
            if let Some(after) = noon {
                time.hour = match (after, time.hour) {
                    (_, 13..) => time.hour,
                    (false, 12) => 0,
                    (true, 12) => 12,
                    (true, hour) => hour + 12,
                    (false, hour) => hour,
                };
            }
            r.peek(0).is_none().then_some(time)
        };
        read(self).map(Some).ok_or(Wrong::Unreadable)
    }

    fn noon(&mut self) -> Option<bool> {
        let Some(Token::Noon(after)) = self.peek(0) else { return None };
        self.at += 1;
        Some(after)
    }

    /// `9:05`, `9:05:00.123`, `9时5分`, `9点`, and `0905`, `090500` after a date of eight digits.
    fn clock(&mut self, time: &mut Time, with_t: bool) -> Option<()> {
        if let Token::Number { value, digits: digits @ (4 | 6), after_blank } = self.peek(0)?
            && (after_blank || with_t)
        {
            self.at += 1;
            let padded = value * 10u64.pow(u32::from(6 - digits));
            let part = |by: u64| (padded / by % 100) as u32;
            (time.hour, time.minute, time.second) = (part(10_000), part(100), part(1));
            return Some(());
        }
        time.hour = self.number(1..=2)?;
        match self.sign(&[':', '时', '点'])? {
            ':' => {
                time.minute = self.number(1..=2)?;
                if self.sign(&[':']).is_some() {
                    time.second = self.number(1..=2)?;
                    if self.sign(&['.', ',']).is_some() {
                        time.micros = self.fraction()?;
                    }
                }
                // `9:05分` and `9:05:00秒` are met.
                self.sign(&['分', '秒']);
            }
            _ => {
                if let Some(minute) = self.number(1..=2) {
                    time.minute = minute;
                    if self.sign(&['分']).is_some()
                        && let Some(second) = self.number(1..=2)
                    {
                        time.second = second;
                        self.sign(&['秒'])?;
                    }
                }
            }
        }
        Some(())
    }

    /// Microseconds of the digits after the point.
    fn fraction(&mut self) -> Option<u32> {
        let Token::Number { value, digits, .. } = self.peek(0)? else { return None };
        self.at += 1;
        let scaled = match digits {
            0..=6 => value * 10u64.pow(6 - u32::from(digits)),
            7..=18 => value / 10u64.pow(u32::from(digits) - 6),
            _ => return None,
        };
        u32::try_from(scaled).ok()
    }

    /// Minutes east of UTC, if an offset stands there. A minus counts only in the ISO form with T: after a blank,
    /// `09:05-11:00` is a span of time, and no offset.
    fn offset(&mut self, with_t: bool) -> Option<Option<i32>> {
        if self.sign(&['Z']).is_some() && self.peek(0).is_none() {
            return Some(Some(0));
        }
        let sign = match self.sign(if with_t { &['+', '-'] } else { &['+'] }) {
            None => return Some(None),
            Some('+') => 1,
            Some(_) => -1,
        };
        let (hours, minutes) = match self.peek(0)? {
            Token::Number { value, digits: 4, .. } => (value / 100, value % 100),
            Token::Number { value, digits: 2, .. } => (value, 0),
            _ => return None,
        };
        self.at += 1;
        let minutes = if self.sign(&[':']).is_some() { u64::from(self.number(2..=2)?) } else { minutes };
        if hours > 14 || minutes > 59 {
            return None;
        }
        Some(Some(sign * (hours * 60 + minutes) as i32))
    }
}

/// Why `03-04-05` is not read: the first two of the days that it could be.
fn two_digit_year(a: u32, b: u32, c: u32) -> Wrong {
    let civil = |year: u32, month, day| {
        let year = century(year);
        Civil { year, month, day, ..Civil::default() }.checked().ok()
    };
    let mut days: Vec<Civil> = [civil(a, b, c), civil(c, b, a), civil(c, a, b)].into_iter().flatten().collect();
    days.dedup();
    match days[..] {
        [first, second, ..] => Wrong::Ambiguous(first, second),
        _ => Wrong::Unreadable,
    }
}
