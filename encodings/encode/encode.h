// All encoders together. What can be encoded has, besides what encodings/encoding.h lists, kEncodes and
// encode(x, importance, block): `x` are kBlock finite numbers, `importance` as many numbers of 0 or more or null, and
// the sum of importance (x - decoded)^2 is made small (without importance, of the plain squares). The bytes depend on
// nothing but the arguments.
#pragma once

#include "encodings/encode/iq4.h"
#include "encodings/encode/q2_k.h"
#include "encodings/encode/q3_k.h"
#include "encodings/encode/q4.h"
#include "encodings/encode/q4_k.h"
#include "encodings/encode/q5.h"
#include "encodings/encode/q5_k.h"
#include "encodings/encode/q6_k.h"
#include "encodings/encode/q8_0.h"
#include "encodings/encoding.h"

namespace grok1::encodings {
inline namespace GROK1_ENCODINGS_ISA {

// Whether an encoding has an encoder.
inline bool can_encode(Id id) {
  bool can = false;
  with_encoding(id, [&](auto encoding) {
    can = requires {
      decltype(encoding)::encode(nullptr, nullptr, nullptr);
    };
  });
  return can;
}

// Encodes count * kBlock numbers to `count` blocks that follow each other; false, and nothing, without an encoder.
inline bool encode(Id id, const float* x, const float* importance, uint64_t count, void* blocks) {
  bool done = false;
  with_encoding(id, [&](auto encoding) {
    using Encoding = decltype(encoding);
    if constexpr (requires { Encoding::encode(x, importance, nullptr); }) {
      uint8_t* block = static_cast<uint8_t*>(blocks);
      for (uint64_t i = 0; i < count; ++i) {
        const uint64_t first = i * Encoding::kBlock;
        Encoding::encode(x + first, importance == nullptr ? nullptr : importance + first, block + i * Encoding::kBytes);
      }
      done = true;
    }
  });
  return done;
}

}  // namespace GROK1_ENCODINGS_ISA
}  // namespace grok1::encodings
