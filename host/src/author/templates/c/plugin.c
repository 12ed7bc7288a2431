// The task type `__NAME__`: greets someone, and adds the greeting to the assets that the flow declares.

#include "begat.h"

static const char PROPERTIES[] =
    "{\"type\": \"object\", \"properties\": {\"name\": {\"type\": \"string\", \"description\": \"Whom to greet.\"}},"
    " \"required\": [\"name\"], \"additionalProperties\": false}";
static const char OUTPUTS[] =
    "{\"type\": \"object\", \"properties\": {\"greeting\": {\"type\": \"string\", \"description\": \"What was said.\"}},"
    " \"required\": [\"greeting\"]}";

void exports_begat_task_task_describe(exports_begat_task_task_description_t *answer) {
  exports_begat_task_task_task_type_t *greet = calloc(1, sizeof *greet);
  if (greet == NULL) abort();
  greet->name = begat_copy("__NAME__");
  greet->summary = begat_copy("Greets someone by name");
  greet->properties = begat_copy(PROPERTIES);
  greet->outputs = begat_copy(OUTPUTS);
  memset(answer, 0, sizeof *answer);
  answer->name = begat_copy("__NAME__");
  answer->version = begat_copy("0.1.0");
  answer->summary = begat_copy("Greets someone");
  answer->task_types.ptr = greet;
  answer->task_types.len = 1;
}

static bool is_blank(begat_text text) {
  for (size_t i = 0; i < text.length; i++) {
    if (strchr(" \t\r\n", text.bytes[i]) == NULL) return false;
  }
  return true;
}

// True where the task succeeded, with its outputs; false where it failed, with why.
bool exports_begat_task_task_run(exports_begat_task_task_request_t *request,
                                 exports_begat_task_task_json_object_t *outputs,
                                 exports_begat_task_task_failure_t *failure) {
  begat_text name = {0};
  if (!begat_json_text(request->properties, "name", &name) || is_blank(name)) {
    memset(failure, 0, sizeof *failure);
    failure->kind.tag = BEGAT_TASK_TYPES_FAILURE_KIND_INVALID_PROPERTIES;
    failure->message = begat_copy("`name` is empty: give the name of someone");
    return false;
  }
  begat_text greeting = {0};
  begat_add(&greeting, "Hello, ");
  begat_add_bytes(&greeting, name.bytes, name.length);
  plugin_string_t said = begat_give(greeting);
  begat_task_log_log(BEGAT_TASK_LOG_LEVEL_INFO, &said);
  *outputs = begat_json_pair("greeting", said);
  return true;
}

bool exports_begat_task_task_declare(exports_begat_task_task_request_t *request,
                                     exports_begat_task_task_json_object_t *outputs,
                                     exports_begat_task_task_list_bundle_t *declared,
                                     exports_begat_task_task_list_bundle_t *answer,
                                     exports_begat_task_task_failure_t *failure) {
  (void)request, (void)failure;
  for (size_t i = 0; i < declared->len; i++) {
    for (size_t j = 0; j < declared->ptr[i].outputs.len; j++) {
      begat_task_types_asset_t *asset = &declared->ptr[i].outputs.ptr[j];
      asset->metadata = begat_json_joined(asset->metadata, *outputs);
    }
  }
  *answer = *declared;
  return true;
}
