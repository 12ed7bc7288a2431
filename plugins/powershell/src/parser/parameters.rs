//! Script blocks with their parameters, and what attributes say of those.

use super::Parser;
use crate::fault::Stop;
use crate::syntax::{Body, Expression, ExpressionKind, Parameter, Piece};

/// Attributes that change nothing here.
const IDLE: &[&str] = &[
    "cmdletbinding",
    "allownull",
    "allowemptystring",
    "allowemptycollection",
    "outputtype",
    "diagnostics.codeanalysis.suppressmessageattribute",
];

impl Parser {
    /// Reads what stands between `{` and `}` of a script block.
    pub(super) fn body(&mut self) -> Result<Body, Stop> {
        self.lexer.expect("{")?;
        let start = self.lexer.position;
        let mut body = self.blocks()?;
        body.source = self.lexer.slice(start);
        self.lexer.expect("}")?;
        Ok(body)
    }

    /// Reads parameters and the blocks that are named, or statements.
    pub(super) fn blocks(&mut self) -> Result<Body, Stop> {
        let mut body = Body {
            parameters: self.parameters()?,
            ..Body::default()
        };
        let mut named = false;
        loop {
            self.lexer.skip_separators()?;
            if self.named_block("begin")? {
                body.begin = self.block()?;
            } else if self.named_block("process")? {
                body.process = Some(self.block()?);
            } else if self.named_block("end")? {
                body.statements = self.block()?;
            } else {
                break;
            }
            named = true;
        }
        if !named {
            body.statements = self.statements()?;
        }
        Ok(body)
    }

    fn named_block(&mut self, word: &str) -> Result<bool, Stop> {
        let start = self.lexer.position;
        if self.lexer.keyword(word) {
            self.lexer.skip_lines()?;
            if self.lexer.peek() == Some('{') {
                return Ok(true);
            }
        }
        self.lexer.position = start;
        Ok(false)
    }

    /// Reads `param(…)`, where it stands.
    fn parameters(&mut self) -> Result<Vec<Parameter>, Stop> {
        let start = self.lexer.position;
        self.lexer.skip_separators()?;
        while self.lexer.peek() == Some('[') && self.attribute_comes() {
            self.attribute(&mut Parameter::default())?;
            self.lexer.skip_separators()?;
        }
        if !self.lexer.keyword("param") {
            self.lexer.position = start;
            return Ok(Vec::new());
        }
        self.lexer.skip_lines()?;
        self.parameter_list()
    }

    pub(super) fn parameter_list(&mut self) -> Result<Vec<Parameter>, Stop> {
        self.lexer.expect("(")?;
        let mut parameters = Vec::new();
        loop {
            self.lexer.skip_lines()?;
            if self.lexer.eat(")") {
                return Ok(parameters);
            }
            let mut parameter = Parameter::default();
            while self.lexer.peek() == Some('[') {
                match self.attribute_comes() {
                    true => self.attribute(&mut parameter)?,
                    false => parameter.cast = Some(self.type_name()?),
                }
                self.lexer.skip_lines()?;
            }
            self.lexer.expect("$")?;
            parameter.name = self.lexer.name().to_lowercase();
            self.lexer.skip_lines()?;
            if self.lexer.eat("=") {
                self.lexer.skip_lines()?;
                parameter.default = Some(self.nested(Self::expression_without_commas)?);
            }
            parameters.push(parameter);
            self.lexer.skip_lines()?;
            if !self.lexer.eat(",") && self.lexer.peek() != Some(')') {
                return Err(Stop::syntax("expected `,` or `)`", self.at()));
            }
        }
    }

    /// Whether `[name(` comes next.
    fn attribute_comes(&self) -> bool {
        let mut by = 1;
        while self
            .lexer
            .ahead(by)
            .is_some_and(|next| next.is_alphanumeric() || next == '.' || next == '_')
        {
            by += 1;
        }
        self.lexer.ahead(by) == Some('(')
    }

    fn attribute(&mut self, parameter: &mut Parameter) -> Result<(), Stop> {
        let at = self.at();
        self.lexer.expect("[")?;
        let mut name = self.lexer.name().to_lowercase();
        while self.lexer.eat(".") {
            name = format!("{name}.{}", self.lexer.name().to_lowercase());
        }
        self.lexer.expect("(")?;
        let (mut values, mut named) = (Vec::new(), Vec::new());
        loop {
            self.lexer.skip_lines()?;
            if self.lexer.eat(")") {
                break;
            }
            if self.lexer.eat(",") {
                continue;
            }
            let start = self.lexer.position;
            let word = self.lexer.name().to_lowercase();
            self.lexer.skip_lines()?;
            if !word.is_empty() && self.lexer.eat("=") {
                self.lexer.skip_lines()?;
                named.push((word, constant(&self.nested(Self::expression_without_commas)?)));
            } else if word.starts_with(char::is_alphabetic) {
                named.push((word, Some("true".to_owned())));
            } else {
                self.lexer.position = start;
                let value = constant(&self.nested(Self::expression_without_commas)?);
                values.push(value.ok_or_else(|| Stop::unsupported("this value in an attribute", at))?);
            }
        }
        self.lexer.skip_lines()?;
        self.lexer.expect("]")?;
        let says = |wanted: &str| {
            named
                .iter()
                .any(|(name, value)| name == wanted && value.as_deref() == Some("true"))
        };
        match name.as_str() {
            "parameter" => {
                parameter.mandatory |= says("mandatory");
                parameter.from_pipeline |= says("valuefrompipeline");
                if says("valuefromremainingarguments") || says("valuefrompipelinebypropertyname") {
                    return Err(Stop::unsupported("this kind of parameter", at));
                }
            }
            "alias" => parameter.aliases.extend(values.iter().map(|name| name.to_lowercase())),
            "validateset" => parameter.allowed = Some(values),
            "validaterange" => {
                let numbers: Vec<f64> = values.iter().filter_map(|number| number.parse().ok()).collect();
                let [least, largest] = numbers[..] else {
                    return Err(Stop::unsupported("this range", at));
                };
                parameter.range = Some((least, largest));
            }
            "validatenotnullorempty" | "validatenotnull" => parameter.not_empty = true,
            name if IDLE.contains(&name) => {}
            name => return Err(Stop::unsupported(format!("the attribute `[{name}]`"), at)),
        }
        Ok(())
    }
}

/// The text of a constant.
fn constant(expression: &Expression) -> Option<String> {
    match &expression.kind {
        ExpressionKind::Integer(number) => Some(number.to_string()),
        ExpressionKind::Double(number) => Some(number.to_string()),
        ExpressionKind::Variable(name) => Some(name.clone()),
        ExpressionKind::Unary(sign, inner) if sign == "-" => constant(inner).map(|number| format!("-{number}")),
        ExpressionKind::Text(pieces) => pieces
            .iter()
            .map(|piece| match piece {
                Piece::Plain(text) => Some(text.as_str()),
                Piece::Value(_) => None,
            })
            .collect(),
        _ => None,
    }
}
