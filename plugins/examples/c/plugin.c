// The task type `checksum`: the CRC-32 of a text, as in ISO 3309 and gzip.

#include <stdio.h>

#include "begat.h"

static const char PROPERTIES[] =
    "{\"type\": \"object\", \"properties\": {\"text\": {\"type\": \"string\", \"description\": \"What to sum up.\"}},"
    " \"required\": [\"text\"], \"additionalProperties\": false}";
static const char OUTPUTS[] =
    "{\"type\": \"object\", \"properties\": {\"crc32\": {\"type\": \"string\", \"description\": \"In hexadecimal.\"}},"
    " \"required\": [\"crc32\"]}";

void exports_begat_task_task_describe(exports_begat_task_task_description_t *answer) {
  exports_begat_task_task_task_type_t *type = calloc(1, sizeof *type);
  if (type == NULL) abort();
  type->name = begat_copy("checksum");
  type->summary = begat_copy("Gives the CRC-32 of a text");
  type->properties = begat_copy(PROPERTIES);
  type->outputs = begat_copy(OUTPUTS);
  memset(answer, 0, sizeof *answer);
  answer->name = begat_copy("checksum");
  answer->version = begat_copy("0.1.0");
  answer->summary = begat_copy("Sums up texts");
  answer->task_types.ptr = type;
  answer->task_types.len = 1;
}

static uint32_t crc32(const char *bytes, size_t length) {
  uint32_t sum = 0xffffffff;
  for (size_t i = 0; i < length; i++) {
    sum ^= (uint8_t)bytes[i];
    for (int bit = 0; bit < 8; bit++) sum = sum >> 1 ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return ~sum;
}

bool exports_begat_task_task_run(exports_begat_task_task_request_t *request,
                                 exports_begat_task_task_json_object_t *outputs,
                                 exports_begat_task_task_failure_t *failure) {
  begat_text text = {0};
  if (!begat_json_text(request->properties, "text", &text)) {
    memset(failure, 0, sizeof *failure);
    failure->kind.tag = BEGAT_TASK_TYPES_FAILURE_KIND_INVALID_PROPERTIES;
    failure->message = begat_copy("`text` is missing");
    return false;
  }
  char sum[9];
  snprintf(sum, sizeof sum, "%08x", (unsigned)crc32(text.bytes, text.length));
  *outputs = begat_json_pair("crc32", begat_words(sum));
  return true;
}

bool exports_begat_task_task_declare(exports_begat_task_task_request_t *request,
                                     exports_begat_task_task_json_object_t *outputs,
                                     exports_begat_task_task_list_bundle_t *declared,
                                     exports_begat_task_task_list_bundle_t *answer,
                                     exports_begat_task_task_failure_t *failure) {
  (void)request, (void)outputs, (void)failure;
  *answer = *declared;
  return true;
}
