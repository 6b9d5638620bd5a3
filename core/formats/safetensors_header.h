// The JSON of a safetensors header as a machine that is told one token after the other, so that a key that comes twice
// is seen and every refusal has the byte at which its token begins. It knows no sizes but those of its own text; what
// the numbers mean for the file is checked in safetensors.cpp.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/formats/safetensors.h"

namespace grok1 {

class SafetensorsHeader {
 public:
  struct Tensor {
    SafetensorsEntry entry;  // without offset and bytes
    uint64_t item_bits = 0;
    uint64_t begin = 0, end = 0;  // in the payloads
    uint64_t offsets_at = 0;      // of data_offsets in the file
  };

  // `text` lies at byte `offset` of the file at `path`; both outlive it. Throws GROK1_E_BAD_FILE.
  SafetensorsHeader(const std::string& path, std::string_view text, uint64_t offset);

  // In the order of the text; names are unique.
  std::vector<Tensor> take_tensors() { return std::move(tensors_); }

 private:
  std::vector<Tensor> tensors_;
};

}  // namespace grok1
