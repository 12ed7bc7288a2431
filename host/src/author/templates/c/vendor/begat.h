// What a plugin in C needs besides its bindings: texts, and just enough JSON. All texts are UTF-8 without an end mark.
#ifndef BEGAT_H
#define BEGAT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "plugin.h"

// The bindings ask for an object file that tells the component's type; begat says it of the finished module instead.
__attribute__((weak)) void __component_type_object_force_link_plugin(void) {}

// A text that grows. Begin with all zero.
typedef struct {
  char *bytes;
  size_t length, room;
} begat_text;

static inline void begat_add_bytes(begat_text *text, const void *bytes, size_t length) {
  if (text->length + length > text->room) {
    text->room = 2 * (text->length + length);
    text->bytes = realloc(text->bytes, text->room);
    if (text->bytes == NULL) abort();
  }
  memcpy(text->bytes + text->length, bytes, length);
  text->length += length;
}

static inline void begat_add(begat_text *text, const char *words) { begat_add_bytes(text, words, strlen(words)); }

static inline void begat_add_text(begat_text *text, plugin_string_t other) {
  begat_add_bytes(text, other.ptr, other.len);
}

// The text as the bindings want it. They free what they are given, so it must not be used afterwards.
static inline plugin_string_t begat_give(begat_text text) {
  return (plugin_string_t){.ptr = (uint8_t *)text.bytes, .len = text.length};
}

// A copy of words, for the bindings to free.
static inline plugin_string_t begat_copy(const char *words) {
  plugin_string_t text;
  plugin_string_dup(&text, words);
  return text;
}

// Words that live as long as the program. For what the bindings only read.
static inline plugin_string_t begat_words(const char *words) {
  return (plugin_string_t){.ptr = (uint8_t *)words, .len = strlen(words)};
}

// Adds a text as a JSON string.
static inline void begat_add_json_string(begat_text *text, plugin_string_t value) {
  static const char digits[] = "0123456789abcdef";
  begat_add(text, "\"");
  for (size_t i = 0; i < value.len; i++) {
    uint8_t c = value.ptr[i];
    char escaped[] = {'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15]};
    if (c == '"' || c == '\\') begat_add_bytes(text, (char[]){'\\', (char)c}, 2);
    else if (c < 0x20) begat_add_bytes(text, escaped, sizeof escaped);
    else begat_add_bytes(text, &c, 1);
  }
  begat_add(text, "\"");
}

// The object `{"key": "value"}`.
static inline plugin_string_t begat_json_pair(const char *key, plugin_string_t value) {
  begat_text text = {0};
  begat_add(&text, "{");
  begat_add_json_string(&text, begat_words(key));
  begat_add(&text, ":");
  begat_add_json_string(&text, value);
  begat_add(&text, "}");
  return begat_give(text);
}

static inline size_t begat_skip_space(plugin_string_t json, size_t at) {
  while (at < json.len && strchr(" \t\r\n", json.ptr[at]) != NULL) at++;
  return at;
}

// Where a JSON string ends that begins at a place, just behind its last quotation mark.
static inline size_t begat_skip_string(plugin_string_t json, size_t at) {
  for (at++; at < json.len && json.ptr[at] != '"'; at++) {
    if (json.ptr[at] == '\\') at++;
  }
  return at + 1;
}

// Where a JSON value ends that begins at a place.
static inline size_t begat_skip_value(plugin_string_t json, size_t at) {
  int depth = 0;
  while (at < json.len) {
    char c = (char)json.ptr[at];
    if (c == '"') {
      at = begat_skip_string(json, at);
      continue;
    }
    if (depth == 0 && (c == ',' || c == '}' || c == ']')) return at;
    if (c == '{' || c == '[') depth++;
    if (c == '}' || c == ']') depth--;
    at++;
  }
  return at;
}

static inline uint32_t begat_hex4(plugin_string_t json, size_t at) {
  uint32_t code = 0;
  for (size_t end = at + 4; at < end && at < json.len; at++) {
    char c = (char)json.ptr[at];
    code = code * 16 + (uint32_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
  }
  return code;
}

static inline void begat_add_code_point(begat_text *text, uint32_t c) {
  char bytes[4];
  size_t length = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
  for (size_t i = length; i-- > 1; c >>= 6) bytes[i] = (char)(0x80 | (c & 0x3f));
  bytes[0] = (char)(length == 1 ? c : (0xf00u >> length) | c);
  begat_add_bytes(text, bytes, length);
}

// What a JSON string says that begins at a place.
static inline begat_text begat_json_unquoted(plugin_string_t json, size_t at) {
  begat_text text = {0};
  size_t end = begat_skip_string(json, at) - 1;
  for (at++; at < end && at < json.len; at++) {
    if (json.ptr[at] != '\\') {
      begat_add_bytes(&text, &json.ptr[at], 1);
      continue;
    }
    const char *known = strchr("b\bf\fn\nr\rt\t", json.ptr[++at]);
    if (json.ptr[at] == 'u') {
      uint32_t code = begat_hex4(json, at + 1);
      at += 4;
      if (code >= 0xd800 && code < 0xdc00 && at + 6 < end) {
        code = 0x10000 + ((code - 0xd800) << 10) + (begat_hex4(json, at + 3) - 0xdc00);
        at += 6;
      }
      begat_add_code_point(&text, code);
    } else {
      begat_add_bytes(&text, known != NULL ? known + 1 : (const char *)&json.ptr[at], 1);
    }
  }
  return text;
}

// The text of a member of a JSON object; false where there is none, or it is no string.
static inline bool begat_json_text(plugin_string_t json, const char *key, begat_text *found) {
  size_t at = begat_skip_space(json, 0) + 1;
  while ((at = begat_skip_space(json, at)) < json.len && json.ptr[at] == '"') {
    begat_text name = begat_json_unquoted(json, at);
    bool is_it = name.length == strlen(key) && memcmp(name.bytes, key, name.length) == 0;
    free(name.bytes);
    at = begat_skip_space(json, begat_skip_string(json, at));
    at = begat_skip_space(json, at + 1);
    if (is_it && at < json.len && json.ptr[at] == '"') {
      *found = begat_json_unquoted(json, at);
      return true;
    }
    at = begat_skip_space(json, begat_skip_value(json, at)) + 1;
  }
  return false;
}

// One JSON object with the members of two; those of the second count where both have one.
static inline plugin_string_t begat_json_joined(plugin_string_t one, plugin_string_t other) {
  begat_text text = {0};
  size_t start = begat_skip_space(one, 0), end = one.len;
  while (end > start && one.ptr[end - 1] != '}') end--;
  bool is_empty = one.ptr[begat_skip_space(one, start + 1)] == '}';
  if (is_empty) {
    begat_add_text(&text, other);
    return begat_give(text);
  }
  begat_add_bytes(&text, one.ptr + start, end - 1 - start);
  size_t rest = begat_skip_space(other, 0) + 1;
  if (other.ptr[begat_skip_space(other, rest)] != '}') begat_add(&text, ",");
  begat_add_bytes(&text, other.ptr + rest, other.len - rest);
  return begat_give(text);
}

#endif
