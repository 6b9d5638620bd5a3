// Reads the header of a safetensors file: which tensors it holds, of what type and shape, and where their bytes lie.
// Stricter than the format's own package where that costs no real file: no byte of the file is unaccounted for. Knows
// nothing about models; hf_checkpoint.h decides what a file must hold. The format: docs/formats/safetensors.md.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace grok1 {

struct SafetensorsEntry {
  std::string name;
  std::string dtype;      // as the file names it: "BF16"
  uint32_t encoding = 0;  // GROK1_ENCODING_F32, _F16 or _BF16; _NONE for a type that no model here uses
  uint32_t rank = 0;
  std::array<uint64_t, 4> shape{};                   // outermost first
  uint64_t offset = 0, bytes = 0;                    // of the payload in the file
  uint64_t name_at = 0, dtype_at = 0, shape_at = 0;  // where the file states them, for messages
};

// In the order of their payloads. `path` is used in messages only. Throws GROK1_E_BAD_FILE with the offset of the byte
// at which what is wrong begins.
std::vector<SafetensorsEntry> read_safetensors(const std::string& path, std::span<const std::byte> file);

}  // namespace grok1
