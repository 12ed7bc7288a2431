//! What a template that is a condition asks for outright: texts that must stand somewhere for it to hold. A catalog
//! can look those up instead of trying everything.

use super::syntax::{Binary, Expression, Kind};
use super::template::Template;

/// A text that must stand at a path, such as `metadata`, `os`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Equality {
    pub path: Vec<String>,
    pub text: String,
}

impl Template {
    /// The comparisons of a path with a text that must all hold for the condition to hold; there may be more to it.
    pub fn equalities(&self) -> Vec<Equality> {
        let mut found = Vec::new();
        if let Some(expression) = self.single_expression() {
            gather(expression, &mut found);
        }
        found
    }
}

fn gather(expression: &Expression, found: &mut Vec<Equality>) {
    let Kind::Binary(operator, sides) = &expression.kind else {
        return;
    };
    let (left, right) = &**sides;
    match operator {
        Binary::And => {
            gather(left, found);
            gather(right, found);
        }
        Binary::Equal => found.extend(equality(left, right).or_else(|| equality(right, left))),
        _ => {}
    }
}

fn equality(path: &Expression, text: &Expression) -> Option<Equality> {
    Some(Equality {
        path: path_of(path)?,
        text: text.literal()?.as_str()?.to_owned(),
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
            .equalities()
            .iter()
            .map(|equality| format!("{}={}", equality.path.join("/"), equality.text))
            .collect();
        assert_eq!(told, expected, "{source}");
    }

    #[test]
    fn only_what_must_hold_is_told() {
        check("metadata.os == 'linux'", &["metadata/os=linux"]);
        check("'linux' == metadata.os", &["metadata/os=linux"]);
        check(
            "metadata['a b'].c == 'x' and type == 'VM'",
            &["metadata/a b/c=x", "type=VM"],
        );
        check("id == 'a' and (metadata.n > 3 or namespace == 'x')", &["id=a"]);
        check("id == 'a' or id == 'b'", &[]);
        check("not (id == 'a')", &[]);
        check("metadata.n == 3", &[]);
        check("metadata.a == metadata.b", &[]);
        check("(id | upper) == 'A'", &[]);
    }
}
