// IQ4_NL and IQ4_XS: 4 bits choose one of 16 values that lie closer together near zero. IQ4_NL has 32 weights with one
// scale, 4.5 bits a weight; IQ4_XS 256 in 8 groups of 32, each with a signed scale of 6 bits, 4.25 bits a weight.
// Digits lie as in q4.h, 16 bytes for every 32 weights. The values are ggml's (MIT licence): kvalues_iq4nl.
#pragma once

#include <cstdint>

#include "encodings/half.h"
#include "encodings/id.h"

namespace grok1::encodings {
inline namespace GROK1_ENCODINGS_ISA {

inline constexpr int8_t kIq4Values[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

inline void decode_iq4_digits(float step, const uint8_t* digits, float* out) {
  for (int i = 0; i < 16; ++i) out[i] = step * float(kIq4Values[digits[i] & 15]);
  for (int i = 0; i < 16; ++i) out[16 + i] = step * float(kIq4Values[digits[i] >> 4]);
}

// Block: d f16, 16 bytes of digits. Value: d value[q].
struct IQ4_NL {
  static constexpr Id kId = Id::kIQ4_NL;
  static constexpr const char* kName = "iq4_nl";
  static constexpr uint64_t kBlock = 32, kBytes = 18;

  static void decode(const uint8_t* block, float* out) { decode_iq4_digits(load_half(block), block + 2, out); }

  static void encode(const float* x, const float* importance, uint8_t* block);  // encode/iq4.h
};

// Block: d f16, u16 with the high two bits of each group's scale, 4 bytes with the low four, 128 bytes of digits.
// Value: (d (scale - 32)) value[q].
struct IQ4_XS {
  static constexpr Id kId = Id::kIQ4_XS;
  static constexpr const char* kName = "iq4_xs";
  static constexpr uint64_t kBlock = 256, kBytes = 136;

  static void decode(const uint8_t* block, float* out) {
    const float d = load_half(block);
    const uint32_t high = load<uint16_t>(block + 2);
    for (int group = 0; group < 8; ++group) {
      const int low = block[4 + group / 2] >> (4 * (group % 2)) & 15;
      const int scale = (low | int(high >> (2 * group) & 3) << 4) - 32;
      decode_iq4_digits(d * float(scale), block + 8 + 16 * group, out + 32 * group);
    }
  }

  static void encode(const float* x, const float* importance, uint8_t* block);  // encode/iq4.h
};

}  // namespace GROK1_ENCODINGS_ISA
}  // namespace grok1::encodings
