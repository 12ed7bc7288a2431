//! Rendering one template, for trying out.

use super::{App, AppError, Report};
use crate::expr::{Scope, Template, Value};
use crate::model::{CatalogReader, Json, Namespace, Source, Timestamp};
use crate::store::Catalog;

/// A template and what it is rendered with.
pub struct ExpressionRequest {
    pub template: String,
    /// A JSON object of variables.
    pub variables: String,
    /// Where the variables come from, for messages.
    pub variables_name: String,
    /// Whether a single expression keeps its type.
    pub typed: bool,
}

/// What a template comes to.
#[derive(Debug, Clone, PartialEq)]
pub enum Rendered {
    Text(String),
    Typed(Json),
}

impl App {
    /// Renders a template against variables. `assets()` sees the catalog where there is one, in the namespace that the
    /// variable `flow.namespace` names.
    pub fn render(&self, request: &ExpressionRequest) -> Result<Rendered, AppError> {
        let variables: Json = serde_json::from_str(&request.variables).map_err(|error| {
            AppError::refused(format!("reading the variables of {}", request.variables_name))
                .because(&error)
                .with_hint("give a JSON object, such as '{\"inputs\": {\"name\": \"web\"}}'")
        })?;
        let Json::Object(variables) = variables else {
            return Err(AppError::refused("the variables must be a JSON object"));
        };
        let namespace = variables
            .get("flow")
            .and_then(|flow| flow.get("namespace"))
            .and_then(Json::as_str);
        let namespace = namespace
            .map(Namespace::parse)
            .transpose()
            .map_err(|error| AppError::refused(error.to_string()))?;
        let catalog = match self.settings.catalog.exists() {
            true => Some(Catalog::open_existing(&self.settings.catalog)?),
            false => None,
        };
        let mut scope = Scope::new(Timestamp::now());
        if let Some(catalog) = &catalog {
            scope = scope.with_catalog(catalog as &dyn CatalogReader);
        }
        if let Some(namespace) = &namespace {
            scope = scope.with_namespace(namespace);
        }
        for (name, value) in variables {
            scope.set(name, Value::from(value));
        }
        render(&request.template, &scope, request.typed).map_err(|diagnostics| {
            let source = Source {
                name: "template".to_owned(),
                text: request.template.clone(),
            };
            AppError::about("the template cannot be rendered", Report { source, diagnostics })
        })
    }
}

fn render(text: &str, scope: &Scope<'_>, typed: bool) -> Result<Rendered, Vec<crate::model::Diagnostic>> {
    let template =
        Template::parse(text).map_err(|errors| errors.iter().map(|error| error.diagnostic(0)).collect::<Vec<_>>())?;
    let rendered = match typed {
        true => template.evaluate(scope).map(|value| Rendered::Typed(Json::from(value))),
        false => template.render(scope).map(Rendered::Text),
    };
    rendered.map_err(|error| vec![error.diagnostic(0)])
}
