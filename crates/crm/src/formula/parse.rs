//! Taking a formula apart.

use super::{DEEPEST, Expr, LONGEST, MOST_PARTS, ONE, Sign, wrong};
use crate::failure::Refusal;

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Number(i128),
    Text(String),
    Word(String),
    Mark(&'static str),
}

const MARKS: [&str; 17] = ["<>", "<=", ">=", "!=", "==", "<", ">", "=", "+", "-", "*", "/", "(", ")", ",", ";", "."];

/// The parts of a formula.
pub(super) fn parse(text: &str) -> Result<Expr, Refusal> {
    if text.chars().count() > LONGEST {
        return Err(wrong(LONGEST, "формула слишком длинная", "the formula is too long"));
    }
    let tokens = tokens(text)?;
    let end = text.chars().count();
    let mut reader = Reader { tokens: &tokens, at: 0, end, parts: 0 };
    let expr = reader.either(0)?;
    match reader.peek() {
        None => Ok(expr),
        Some(_) => Err(wrong(reader.place(), "здесь формула должна была кончиться", "the formula should have ended here")),
    }
}

fn tokens(text: &str) -> Result<Vec<(Token, usize)>, Refusal> {
    let letters: Vec<char> = text.chars().collect();
    let mut list = Vec::new();
    let mut at = 0;
    while let Some(letter) = letters.get(at) {
        let start = at;
        let run = |from: usize, fits: &dyn Fn(char) -> bool| letters[from..].iter().take_while(|letter| fits(**letter)).count();
        if letter.is_whitespace() {
            at += 1;
        } else if letter.is_ascii_digit() {
            at += run(at, &|letter| letter.is_ascii_digit());
            let mut fraction = 0;
            if letters.get(at) == Some(&'.') && letters.get(at + 1).is_some_and(char::is_ascii_digit) {
                fraction = run(at + 1, &|letter| letter.is_ascii_digit());
                at += 1 + fraction;
            }
            let digits: String = letters[start..at].iter().filter(|letter| **letter != '.').collect();
            let number = digits.parse::<i128>().ok().filter(|_| digits.len() <= 24 && fraction <= 8);
            let power = 10_i128.pow(u32::try_from(8_usize.saturating_sub(fraction)).unwrap_or(0));
            let number = number.and_then(|number| number.checked_mul(power)).ok_or_else(|| wrong(start, "слишком длинное число", "the number is too long"))?;
            list.push((Token::Number(number), start));
        } else if *letter == '"' || *letter == '\'' {
            let length = run(at + 1, &|other| other != *letter);
            if letters.get(at + 1 + length).is_none() {
                return Err(wrong(start, "кавычка не закрыта", "the quote is not closed"));
            }
            list.push((Token::Text(letters[at + 1..at + 1 + length].iter().collect()), start));
            at += length + 2;
        } else if letter.is_alphabetic() || *letter == '_' {
            at += run(at, &|letter| letter.is_alphanumeric() || letter == '_');
            list.push((Token::Word(letters[start..at].iter().collect()), start));
        } else {
            let two: String = letters[at..].iter().take(2).collect();
            let Some(mark) = MARKS.iter().find(|mark| two.starts_with(**mark)) else {
                return Err(wrong(start, &format!("непонятный знак «{letter}»"), &format!("an unknown sign {letter}")));
            };
            at += mark.len();
            list.push((Token::Mark(mark), start));
        }
    }
    Ok(list)
}

struct Reader<'a> {
    tokens: &'a [(Token, usize)],
    at: usize,
    end: usize,
    parts: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(token, _)| token)
    }

    fn place(&self) -> usize {
        self.tokens.get(self.at).map_or(self.end, |(_, at)| *at)
    }

    /// Takes the mark if it stands here.
    fn took(&mut self, marks: &[&str]) -> Option<&'static str> {
        let Some(Token::Mark(mark)) = self.peek() else { return None };
        let mark = *mark;
        marks.contains(&mark).then(|| {
            self.at += 1;
            mark
        })
    }

    fn took_word(&mut self, word: &str) -> bool {
        let here = matches!(self.peek(), Some(Token::Word(found)) if found.eq_ignore_ascii_case(word));
        self.at += usize::from(here);
        here
    }

    fn count(&mut self, depth: usize) -> Result<(), Refusal> {
        self.parts += 1;
        match self.parts > MOST_PARTS || depth > DEEPEST {
            true => Err(wrong(self.place(), "формула слишком сложная: разделите её на поля", "the formula is too large: split it into fields")),
            false => Ok(()),
        }
    }

    fn either(&mut self, depth: usize) -> Result<Expr, Refusal> {
        self.chain(depth, &|reader| reader.took_word("or").then_some(Sign::Or), &|reader, depth| reader.both(depth))
    }

    fn both(&mut self, depth: usize) -> Result<Expr, Refusal> {
        self.chain(depth, &|reader| reader.took_word("and").then_some(Sign::And), &|reader, depth| reader.not(depth))
    }

    fn not(&mut self, depth: usize) -> Result<Expr, Refusal> {
        self.count(depth)?;
        match self.took_word("not") {
            true => Ok(Expr::Not(Box::new(self.not(depth + 1)?))),
            false => self.comparison(depth),
        }
    }

    fn comparison(&mut self, depth: usize) -> Result<Expr, Refusal> {
        let one = self.sum(depth)?;
        let at = self.place();
        let sign = match self.took(&["<>", "<=", ">=", "!=", "==", "<", ">", "="]) {
            None => return Ok(one),
            Some("=" | "==") => Sign::Equal,
            Some("<>" | "!=") => Sign::Unequal,
            Some("<") => Sign::Less,
            Some("<=") => Sign::LessEqual,
            Some(">") => Sign::More,
            Some(_) => Sign::MoreEqual,
        };
        Ok(Expr::Binary(sign, Box::new(one), Box::new(self.sum(depth + 1)?), at))
    }

    fn sum(&mut self, depth: usize) -> Result<Expr, Refusal> {
        let sign = |reader: &mut Self| reader.took(&["+", "-"]).map(|mark| if mark == "+" { Sign::Add } else { Sign::Subtract });
        self.chain(depth, &sign, &|reader, depth| reader.product(depth))
    }

    fn product(&mut self, depth: usize) -> Result<Expr, Refusal> {
        let sign = |reader: &mut Self| reader.took(&["*", "/"]).map(|mark| if mark == "*" { Sign::Multiply } else { Sign::Divide });
        self.chain(depth, &sign, &|reader, depth| reader.single(depth))
    }

    /// Parts of one rank with signs between them, from the left.
    fn chain(
        &mut self,
        depth: usize,
        sign: &dyn Fn(&mut Self) -> Option<Sign>,
        part: &dyn Fn(&mut Self, usize) -> Result<Expr, Refusal>,
    ) -> Result<Expr, Refusal> {
        let mut one = part(self, depth + 1)?;
        let mut links = depth;
        loop {
            let at = self.place();
            let Some(sign) = sign(self) else { return Ok(one) };
            // A long chain is a deep tree.
            links += 1;
            self.count(links / 4)?;
            one = Expr::Binary(sign, Box::new(one), Box::new(part(self, depth + 1)?), at);
        }
    }

    fn single(&mut self, depth: usize) -> Result<Expr, Refusal> {
        self.count(depth)?;
        let at = self.place();
        if self.took(&["-"]).is_some() {
            return Ok(Expr::Negate(Box::new(self.single(depth + 1)?)));
        }
        if self.took(&["("]).is_some() {
            let inner = self.either(depth + 1)?;
            return match self.took(&[")"]) {
                Some(_) => Ok(inner),
                None => Err(wrong(self.place(), "скобка не закрыта", "the bracket is not closed")),
            };
        }
        let token = self.peek().cloned();
        self.at += 1;
        match token {
            Some(Token::Number(number)) => Ok(Expr::Number(number)),
            Some(Token::Text(text)) => Ok(Expr::Text(text)),
            Some(Token::Word(word)) => self.word(word, at, depth),
            _ => Err(wrong(at, "здесь нужно поле, число или текст", "a field, a number or a text is needed here")),
        }
    }

    fn word(&mut self, word: String, at: usize, depth: usize) -> Result<Expr, Refusal> {
        if self.took(&["("]).is_some() {
            let mut args = Vec::new();
            while self.took(&[")"]).is_none() {
                args.push(self.either(depth + 1)?);
                if self.took(&[",", ";"]).is_none() && !matches!(self.peek(), Some(Token::Mark(")"))) {
                    return Err(wrong(self.place(), "нужна запятая или закрывающая скобка", "a comma or a closing bracket is needed"));
                }
            }
            return Ok(Expr::Call(word.to_lowercase(), args, at));
        }
        if self.took(&["."]).is_some() {
            let Some(Token::Word(code)) = self.peek().cloned() else {
                return Err(wrong(self.place(), "после точки нужно поле", "a field is needed after the dot"));
            };
            self.at += 1;
            return Ok(Expr::Path(word, code, at));
        }
        Ok(match word.to_lowercase().as_str() {
            "true" | "да" => Expr::Flag(true),
            "false" | "нет" => Expr::Flag(false),
            _ => Expr::Field(word, at),
        })
    }
}

/// A number of hundred-millionths as it is written, for texts.
pub(super) fn written(number: i128) -> String {
    let (whole, fraction) = (number.unsigned_abs() / ONE.unsigned_abs(), number.unsigned_abs() % ONE.unsigned_abs());
    let sign = if number < 0 { "-" } else { "" };
    match fraction {
        0 => format!("{sign}{whole}"),
        _ => format!("{sign}{whole}.{fraction:08}").trim_end_matches('0').to_owned(),
    }
}
