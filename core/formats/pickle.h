// Reads the pickles of a ckpt-0 folder: one numpy array, or xAI's QuantizedWeight8bit of two. Nothing is executed and
// no payload is copied: an allow-list of opcodes is walked on a small stack, and what comes out is where the arrays
// lie. Knows nothing about models; xai_checkpoint.h decides what a file must hold. The format: docs/formats/ckpt-0.md.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace grok1 {

struct PickledArray {
  uint32_t encoding = 0;  // GROK1_ENCODING_F32, _BF16 or _I8
  uint32_t rank = 0;
  std::array<uint64_t, 4> shape{};      // outermost first
  uint64_t offset = 0, bytes = 0;       // of the payload in the file
  uint64_t shape_at = 0, dtype_at = 0;  // where the file states them, for messages
};

struct Pickle {
  PickledArray weight;
  std::optional<PickledArray> scales;  // of a QuantizedWeight8bit
};

// `path` is used in messages only. Throws GROK1_E_BAD_FILE with the offset of the opcode that is wrong.
Pickle read_pickle(const std::string& path, std::span<const std::byte> file);

}  // namespace grok1
