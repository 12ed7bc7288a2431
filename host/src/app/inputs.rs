//! What a run is given: values of the command line, of a file, and answers to questions.

use std::path::{Path, PathBuf};

use indexmap::IndexMap;

use super::{AppError, Report};
use crate::flow::{self, Flow, GivenInput};
use crate::model::{InputQuestion, JsonMap, Source};
use crate::plan::{self, FileInput, FileOrigin, PlanRequest};

/// Asks someone for the value of an input; the second argument says what was wrong with the last answer. Nothing means
/// that there will be no answer.
pub type Ask<'a> = &'a (dyn Fn(&InputQuestion, Option<&str>) -> Option<String> + Send + Sync);

/// Where the values of inputs come from.
#[derive(Default)]
pub struct InputSources<'a> {
    /// By id, as text. They win over the file.
    pub given: IndexMap<String, String>,
    /// A YAML or JSON file of ids and values.
    pub file: Option<PathBuf>,
    /// Data by id, as a test gives it; it wins over the file.
    pub values: JsonMap,
    /// Asks for what is missing; nobody is asked when none.
    pub ask: Option<Ask<'a>>,
}

impl InputSources<'_> {
    /// Reads the file and puts what was given over it.
    pub(super) fn read(&self, flow: &Flow) -> Result<IndexMap<String, GivenInput>, AppError> {
        let mut values = match &self.file {
            Some(path) => read_file(path, flow)?,
            None => IndexMap::new(),
        };
        let data = self.values.iter();
        values.extend(data.map(|(id, value)| (id.clone(), GivenInput::from(value.clone()))));
        let texts = self.given.iter();
        values.extend(texts.map(|(id, text)| (id.clone(), GivenInput::Text(text.clone()))));
        Ok(values)
    }

    /// Asks for each required input that has no value. Whatever is wrong without an answer is left for the plan to say.
    pub(super) fn ask(&self, flow: &Flow, request: &mut PlanRequest<'_>) {
        let Some(ask) = self.ask else { return };
        let mut asked: Option<InputQuestion> = None;
        loop {
            let (question, wrong) = match (plan::next_question(flow, request), asked) {
                (Ok(Some(question)), _) => (question, None),
                (Err(findings), Some(question)) => {
                    let wrong: Vec<String> = findings.into_iter().map(|finding| finding.message).collect();
                    request.inputs.shift_remove(question.id.as_str());
                    (question, Some(wrong.join("; ")))
                }
                (Ok(None), _) | (Err(_), None) => return,
            };
            let Some(answer) = ask(&question, wrong.as_deref()) else {
                return;
            };
            request.inputs.insert(question.id.to_string(), GivenInput::Text(answer));
            asked = Some(question);
        }
    }
}

fn read_file(path: &Path, flow: &Flow) -> Result<IndexMap<String, GivenInput>, AppError> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| {
        AppError::refused(format!("reading the inputs `{name}`"))
            .because(&error)
            .with_hint("check the path after `--inputs`")
    })?;
    let source = Source { name, text };
    flow::read_inputs(&source, &flow.inputs)
        .map_err(|diagnostics| AppError::about("the flow was not run", Report { source, diagnostics }))
}

/// Finds a file that an input names. A flow alone names none: it is not trusted to ask what files there are.
pub(super) fn find_file(path: &Path, origin: FileOrigin) -> Result<FileInput, String> {
    let shown = path.display();
    if origin == FileOrigin::Flow {
        return Err(format!(
            "its default names the file `{shown}`, and only `--input` may name files of this machine"
        ));
    }
    match path.canonicalize() {
        Ok(found) if found.is_file() => Ok(FileInput::at(&found)),
        Ok(_) => Err(format!("`{shown}` is no file")),
        Err(error) => Err(format!("the file `{shown}` cannot be read: {error}")),
    }
}
