// How structs of callers that are older or newer than this library are read and written (see GROK1_INIT in grok1.h).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "core/base/failure.h"
#include "grok1.h"

namespace grok1 {

// The head must be one that we understand; `name` is for the message.
inline void check_head(const grok1_head& head, const grok1_head& wanted, const char* name) {
  if (head.struct_size < sizeof(grok1_head) || head.type != wanted.type) {
    fail(GROK1_E_INVALID_ARGUMENT,
         "{}: struct type {} of at least {} bytes wanted, found type {} of {} bytes; initialise it with GROK1_INIT",
         name, wanted.type, sizeof(grok1_head), head.type, head.struct_size);
  }
  if (head.next != nullptr) {
    fail(GROK1_E_UNKNOWN_FIELD, "{}: this version knows no chained structs, found one of type {}", name,
         static_cast<const grok1_head*>(head.next)->type);
  }
}

// A caller's input struct as this library knows it: fields that it lacks are zero. NULL: all defaults, unless
// `required`.
template <class T>
T read_struct(const T* in, const T& initial, const char* name, bool required = false) {
  T value = initial;
  if (in == nullptr) {
    if (required) fail(GROK1_E_INVALID_ARGUMENT, "{}: a struct wanted, found NULL", name);
    return value;
  }
  check_head(in->head, initial.head, name);
  const auto* bytes = reinterpret_cast<const std::byte*>(in);
  const size_t size = in->head.struct_size;
  const auto* tail = bytes + std::min(size, sizeof(T));
  const auto* unknown = std::find_if(tail, bytes + size, [](std::byte b) { return b != std::byte{0}; });
  if (unknown != bytes + size) {
    fail(GROK1_E_UNKNOWN_FIELD,
         "{}: bytes {} .. {} are of a newer version of grok1.h and must be zero for this one, found byte {} set; use a "
         "newer "
         "libgrok1.so or leave the field out",
         name, sizeof(T), size, unknown - bytes);
  }
  constexpr size_t kHead = sizeof(grok1_head);
  std::memcpy(reinterpret_cast<std::byte*>(&value) + kHead, bytes + kHead, std::min(size, sizeof(T)) - kHead);
  return value;
}

// Checks an output struct before anything is done for it.
template <class T>
void check_output(const T* out, const T& initial, const char* name) {
  if (out == nullptr) fail(GROK1_E_INVALID_ARGUMENT, "{}: a struct wanted, found NULL", name);
  check_head(out->head, initial.head, name);
}

// Writes what both sides know and zeroes the rest of the caller's struct.
template <class T>
void write_struct(T* out, const T& value) {
  constexpr size_t kHead = sizeof(grok1_head);
  auto* bytes = reinterpret_cast<std::byte*>(out);
  const size_t size = out->head.struct_size;
  const size_t known = std::min(size, sizeof(T));
  std::memcpy(bytes + kHead, reinterpret_cast<const std::byte*>(&value) + kHead, known - kHead);
  std::fill(bytes + known, bytes + size, std::byte{0});
}

}  // namespace grok1
