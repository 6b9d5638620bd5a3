// All encodings together: from a number that a file gives to the struct that knows its blocks. Each struct has kId,
// kName, kBlock (elements of a block), kBytes (bytes of a block) and decode(block, out). What encodes them is in
// encodings/encode.
#pragma once

#include <cstdint>

#include "encodings/id.h"
#include "encodings/iq2.h"
#include "encodings/iq3.h"
#include "encodings/iq4.h"
#include "encodings/plain.h"
#include "encodings/q2_k.h"
#include "encodings/q3_k.h"
#include "encodings/q4.h"
#include "encodings/q4_k.h"
#include "encodings/q5.h"
#include "encodings/q5_k.h"
#include "encodings/q6_k.h"
#include "encodings/q8_0.h"

namespace grok1::encodings {
inline namespace GROK1_ENCODINGS_ISA {

// Calls f(Encoding{}) with the struct of this encoding; false, and no call, if there is none.
template <class F>
bool with_encoding(Id id, F&& f) {
  switch (id) {
    case Id::kF32: return f(F32{}), true;
    case Id::kF16: return f(F16{}), true;
    case Id::kBF16: return f(BF16{}), true;
    case Id::kQ8_0: return f(Q8_0{}), true;
    case Id::kQ4_0: return f(Q4_0{}), true;
    case Id::kQ4_1: return f(Q4_1{}), true;
    case Id::kQ5_0: return f(Q5_0{}), true;
    case Id::kQ5_1: return f(Q5_1{}), true;
    case Id::kQ2_K: return f(Q2_K{}), true;
    case Id::kQ3_K: return f(Q3_K{}), true;
    case Id::kQ4_K: return f(Q4_K{}), true;
    case Id::kQ5_K: return f(Q5_K{}), true;
    case Id::kQ6_K: return f(Q6_K{}), true;
    case Id::kIQ4_NL: return f(IQ4_NL{}), true;
    case Id::kIQ4_XS: return f(IQ4_XS{}), true;
    case Id::kIQ3_S: return f(IQ3_S{}), true;
    case Id::kIQ3_XXS: return f(IQ3_XXS{}), true;
    case Id::kIQ2_S: return f(IQ2_S{}), true;
    case Id::kIQ2_XS: return f(IQ2_XS{}), true;
    case Id::kIQ2_XXS: return f(IQ2_XXS{}), true;
  }
  return false;
}

// Decodes `count` blocks that follow each other to count * kBlock numbers; false, and nothing, for an unknown encoding.
inline bool decode(Id id, const void* blocks, uint64_t count, float* out) {
  return with_encoding(id, [&](auto encoding) {
    using Encoding = decltype(encoding);
    const uint8_t* block = static_cast<const uint8_t*>(blocks);
    for (uint64_t i = 0; i < count; ++i) Encoding::decode(block + i * Encoding::kBytes, out + i * Encoding::kBlock);
  });
}

}  // namespace GROK1_ENCODINGS_ISA
}  // namespace grok1::encodings
