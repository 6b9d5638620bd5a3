// IQ2_XXS, IQ2_XS, IQ2_S: 256 weights; a codebook of 256, 512 or 1024 entries (iq_tables.h) gives the absolute values
// of eight weights at a time, signs are stored apart. 2.0625, 2.3125 and 2.5625 bits a weight. Scales of four bits, for
// 32 weights or for 16. Value: (d (0.5 + scale) 0.25) entry.
#pragma once

#include <cstdint>

#include "encodings/half.h"
#include "encodings/id.h"
#include "encodings/iq_tables.h"
#include "encodings/signs.h"

namespace grok1::encodings {
inline namespace GROK1_ENCODINGS_ISA {

inline float iq2_step(float d, uint32_t scale) {
  return d * (0.5f + float(scale)) * 0.25f;
}

// Block: d f16, for each group of 32 four bytes that choose entries and a u32: four times seven bits of signs
// (signs.h), scale on top.
struct IQ2_XXS {
  static constexpr Id kId = Id::kIQ2_XXS;
  static constexpr const char* kName = "iq2_xxs";
  static constexpr uint64_t kBlock = 256, kBytes = 66;

  static void decode(const uint8_t* block, float* out) {
    const float d = load_half(block);
    for (int group = 0; group < 8; ++group) {
      const uint8_t* entry = block + 2 + 8 * group;
      const uint32_t word = load<uint32_t>(entry + 4);
      const float step = iq2_step(d, word >> 28);
      for (int eight = 0; eight < 4; ++eight) {
        const uint8_t signs = with_even_parity(word >> (7 * eight) & 127);
        decode_signed(step, kIq2XxsGrid.entry[entry[eight]], signs, 8, out + 32 * group + 8 * eight);
      }
    }
  }
};

// Block: d f16, 32 u16 (nine bits choose an entry, seven are signs), 8 bytes of scales, one of four bits for 16
// weights.
struct IQ2_XS {
  static constexpr Id kId = Id::kIQ2_XS;
  static constexpr const char* kName = "iq2_xs";
  static constexpr uint64_t kBlock = 256, kBytes = 74;

  static void decode(const uint8_t* block, float* out) {
    const float d = load_half(block);
    for (int eight = 0; eight < 32; ++eight) {
      const uint32_t word = load<uint16_t>(block + 2 + 2 * eight);
      const float step = iq2_step(d, block[66 + eight / 4] >> (4 * (eight / 2 % 2)) & 15);
      decode_signed(step, kIq2XsGrid.entry[word & 511], with_even_parity(word >> 9), 8, out + 8 * eight);
    }
  }
};

// Block: d f16, 32 bytes that choose entries, 32 bytes of signs, 8 bytes with two more bits for each entry, 8 bytes of
// scales, one of four bits for 16 weights.
struct IQ2_S {
  static constexpr Id kId = Id::kIQ2_S;
  static constexpr const char* kName = "iq2_s";
  static constexpr uint64_t kBlock = 256, kBytes = 82;

  static void decode(const uint8_t* block, float* out) {
    const float d = load_half(block);
    for (int eight = 0; eight < 32; ++eight) {
      const int entry = block[2 + eight] | (block[66 + eight / 4] >> (2 * (eight % 4)) & 3) << 8;
      const float step = iq2_step(d, block[74 + eight / 4] >> (4 * (eight / 2 % 2)) & 15);
      decode_signed(step, kIq2SGrid.entry[entry], block[34 + eight], 8, out + 8 * eight);
    }
  }
};

}  // namespace GROK1_ENCODINGS_ISA
}  // namespace grok1::encodings
