// Looks for numbers that are no numbers: infinities and NaN among stored weights and scales. Of blocks only the float16
// numbers in them are looked at: all else in a block is small integers, so a block decodes to finite numbers exactly if
// these are finite. Knows nothing of files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace grok1 {

struct NonFinite {
  uint64_t count = 0;           // numbers, or blocks that have some
  uint64_t first = UINT64_MAX;  // the byte where the first of them begins
};

// Whether there is anything to look for: not in int8.
bool can_be_non_finite(uint32_t encoding);

// `bytes` begin at a number or block of this encoding, and end with one.
NonFinite find_non_finite(uint32_t encoding, std::span<const std::byte> bytes);

}  // namespace grok1
