//! What a template that is a condition asks for outright: comparisons that must hold. A catalog can look
//! those up, instead of evaluating the whole for everything.

use super::syntax::{Binary, Expression, Kind};
use super::template::Template;
use super::value::Value;

/// A comparison that must hold, such as that of `metadata`, `os` with a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    pub path: Vec<String>,
    pub comparator: Comparator,
    /// A text or a number.
    pub literal: Value,
}

/// How the left is compared with the right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparator {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparator {
    fn of(operator: Binary) -> Option<Self> {
        Some(match operator {
            Binary::Equal => Self::Equal,
            Binary::Less => Self::Less,
            Binary::LessOrEqual => Self::LessOrEqual,
            Binary::Greater => Self::Greater,
            Binary::GreaterOrEqual => Self::GreaterOrEqual,
            _ => return None,
        })
    }

    /// The same with its sides the other way round.
    fn turned(self) -> Self {
        match self {
            Self::Equal => Self::Equal,
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
        }
    }
}

impl Template {
    /// The comparisons of a path with a text or a number that must all hold for the condition to hold; there may be
    /// more to it.
    pub fn comparisons(&self) -> Vec<Comparison> {
        let mut found = Vec::new();
        if let Some(expression) = self.single_expression() {
            gather(expression, &mut found);
        }
        found
    }
}

fn gather(expression: &Expression, found: &mut Vec<Comparison>) {
    let Kind::Binary(operator, sides) = &expression.kind else {
        return;
    };
    let (left, right) = &**sides;
    if *operator == Binary::And {
        gather(left, found);
        gather(right, found);
    } else if let Some(comparator) = Comparator::of(*operator) {
        let turned = || comparison(right, comparator.turned(), left);
        found.extend(comparison(left, comparator, right).or_else(turned));
    }
}

fn comparison(path: &Expression, comparator: Comparator, literal: &Expression) -> Option<Comparison> {
    let literal = literal.literal()?;
    matches!(literal, Value::String(_) | Value::Integer(_) | Value::Float(_)).then_some(())?;
    Some(Comparison {
        path: path_of(path)?,
        comparator,
        literal: literal.clone(),
    })
}

fn path_of(expression: &Expression) -> Option<Vec<String>> {
    match &expression.kind {
        Kind::Variable(name) => Some(vec![name.to_string()]),
        Kind::Attribute(of, name) => {
            let mut path = path_of(of)?;
            path.push(name.to_string());
            Some(path)
        }
        Kind::Subscript(of, key) => {
            let mut path = path_of(of)?;
            path.push(key.literal()?.as_str()?.to_owned());
            Some(path)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str, expected: &[&str]) {
        let template = Template::parse(&format!("{{{{ {source} }}}}")).unwrap();
        let told: Vec<String> = template
            .comparisons()
            .iter()
            .map(|known| format!("{} {:?} {}", known.path.join("/"), known.comparator, known.literal))
            .collect();
        assert_eq!(told, expected, "{source}");
    }

    #[test]
    fn only_what_must_hold_is_told() {
        check("metadata.os == 'linux'", &["metadata/os Equal linux"]);
        check("'linux' == metadata.os", &["metadata/os Equal linux"]);
        check(
            "metadata['a b'].c == 'x' and type == 'VM'",
            &["metadata/a b/c Equal x", "type Equal VM"],
        );
        check("id == 'a' and (metadata.n > 3 or namespace == 'x')", &["id Equal a"]);
        check("id == 'a' or id == 'b'", &[]);
        check("not (id == 'a')", &[]);
        check("metadata.n == 3", &["metadata/n Equal 3"]);
        check(
            "3 < metadata.n and metadata.n <= 4.5",
            &["metadata/n Greater 3", "metadata/n LessOrEqual 4.5"],
        );
        check("metadata.n != 3", &[]);
        check("metadata.a == metadata.b", &[]);
        check("(id | upper) == 'A'", &[]);
    }
}
