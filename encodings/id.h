// The encodings by number. grok1.h gives them the same numbers, which core/base/encoding.cpp checks. xAI's int8
// (GROK1_ENCODING_I8, 4) is not here: its scales lie apart from its numbers, so it has no blocks that decode alone.
#pragma once

#include <cstdint>

#include "encodings/isa.h"

namespace grok1::encodings {
inline namespace GROK1_ENCODINGS_ISA {

enum class Id : uint32_t {
  kF32 = 1,
  kF16 = 2,
  kBF16 = 3,
  kQ8_0 = 5,
  kQ4_0 = 6,
  kQ4_1 = 7,
  kQ5_0 = 8,
  kQ5_1 = 9,
  kQ2_K = 10,
  kQ3_K = 11,
  kQ4_K = 12,
  kQ5_K = 13,
  kQ6_K = 14,
  kIQ4_NL = 15,
  kIQ4_XS = 16,
  kIQ3_S = 17,
  kIQ3_XXS = 18,
  kIQ2_S = 19,
  kIQ2_XS = 20,
  kIQ2_XXS = 21,
};

}  // namespace GROK1_ENCODINGS_ISA
}  // namespace grok1::encodings
