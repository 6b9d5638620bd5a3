// IQ3_XXS and IQ3_S: 256 weights in 8 groups of 32; a codebook of 256 or 512 entries (iq_tables.h) gives the absolute
// values of four weights at a time, signs are stored apart. 3.0625 and 3.4375 bits a weight.
#pragma once

#include <cstdint>

#include "encodings/half.h"
#include "encodings/id.h"
#include "encodings/iq_tables.h"
#include "encodings/signs.h"

namespace grok1::encodings {
inline namespace GROK1_ENCODINGS_ISA {

// Block: d f16, 64 bytes that choose entries, for each group a u32: four times seven bits of signs (signs.h), scale of
// four bits on top. Value: (d (0.5 + scale) 0.5) entry.
struct IQ3_XXS {
  static constexpr Id kId = Id::kIQ3_XXS;
  static constexpr const char* kName = "iq3_xxs";
  static constexpr uint64_t kBlock = 256, kBytes = 98;

  static void decode(const uint8_t* block, float* out) {
    const float d = load_half(block);
    for (int group = 0; group < 8; ++group) {
      const uint32_t word = load<uint32_t>(block + 66 + 4 * group);
      const float step = d * (0.5f + float(word >> 28)) * 0.5f;
      for (int eight = 0; eight < 4; ++eight) {
        const uint8_t* entry = block + 2 + 8 * group + 2 * eight;
        const uint8_t signs = with_even_parity(word >> (7 * eight) & 127);
        float* to = out + 32 * group + 8 * eight;
        decode_signed(step, kIq3XxsGrid.entry[entry[0]], signs, 4, to);
        decode_signed(step, kIq3XxsGrid.entry[entry[1]], signs >> 4, 4, to + 4);
      }
    }
  }
};

// Block: d f16, 64 bytes that choose entries, 8 bytes with their ninth bits, 32 bytes of signs, 4 bytes of scales.
// Value: (d (1 + 2 scale)) entry. Bit i of byte g of the ninth bits belongs to entry i of group g.
struct IQ3_S {
  static constexpr Id kId = Id::kIQ3_S;
  static constexpr const char* kName = "iq3_s";
  static constexpr uint64_t kBlock = 256, kBytes = 110;

  static void decode(const uint8_t* block, float* out) {
    const float d = load_half(block);
    for (int group = 0; group < 8; ++group) {
      const float step = d * float(1 + 2 * (block[106 + group / 2] >> (4 * (group % 2)) & 15));
      for (int four = 0; four < 8; ++four) {
        const int entry = block[2 + 8 * group + four] | (block[66 + group] >> four & 1) << 8;
        const uint8_t signs = uint8_t(block[74 + 4 * group + four / 2] >> (4 * (four % 2)));
        decode_signed(step, kIq3SGrid.entry[entry], signs, 4, out + 32 * group + 4 * four);
      }
    }
  }
};

}  // namespace GROK1_ENCODINGS_ISA
}  // namespace grok1::encodings
