// The header of a GGUF file, version 2 or 3, little-endian: keys and values, and where each tensor lies. Every length
// and count is held against the file's size before anything of that size is made. Knows nothing of models;
// gguf_checkpoint.h decides what a file must hold. The format: docs/formats/gguf.md.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "core/formats/faults.h"
#include "core/formats/gguf_values.h"

namespace grok1 {

struct GgufTensor {
  std::string name;
  uint32_t encoding = 0;  // GROK1_ENCODING_*
  uint32_t rank = 0;
  std::array<uint64_t, 4> ne{1, 1, 1, 1};      // innermost first, as the file has them
  uint64_t offset = 0, bytes = 0;              // in the file
  uint64_t at = 0, shape_at = 0, type_at = 0;  // where the header speaks of it, for messages
};

struct GgufHeader {
  explicit GgufHeader(const JoinedFile& file) : values(file) {}
  const JoinedFile& file() const { return values.file(); }

  uint32_t version = 0;
  uint64_t alignment = 32;
  GgufValues values;
  std::vector<GgufTensor> tensors;  // by offset
  bool cut_short = false;           // with `faults`: some tensors do not lie in the file and are left out
};

// Throws GROK1_E_BAD_FILE with the byte, GROK1_E_UNSUPPORTED (version 1, big-endian, a type that is not decoded here).
// The file must live as long as the header.
GgufHeader read_gguf_header(const JoinedFile& file, const Faults* faults = nullptr);

}  // namespace grok1
