// Blocks of each encoding written bit by bit, and the values that docs/formats/encodings.md's formulas give for them,
// worked out by hand. compare_with_gguf.py covers the rest of the bits.
#include <gtest/gtest.h>

#include <initializer_list>
#include <vector>

#include "encodings/encoding.h"

namespace grok1::encodings {
namespace {

constexpr uint8_t kOneLow = 0x00, kOneHigh = 0x3c;    // f16 1.0, as two bytes
constexpr uint8_t kHalfLow = 0x00, kHalfHigh = 0x38;  // 0.5
constexpr uint8_t kTwoLow = 0x00, kTwoHigh = 0xc0;    // -2.0

// Bytes from a position on.
struct Patch {
  size_t at;
  std::vector<uint8_t> bytes;
};

struct Wanted {
  int element;
  float value;
};

template <class Encoding>
void expect(std::initializer_list<Patch> patches, std::initializer_list<Wanted> wanted, uint8_t rest = 0) {
  std::vector<uint8_t> block(Encoding::kBytes, rest);
  for (const Patch& patch : patches) {
    for (size_t i = 0; i < patch.bytes.size(); ++i) block.at(patch.at + i) = patch.bytes[i];
  }
  std::vector<float> values(Encoding::kBlock);
  ASSERT_TRUE(decode(Encoding::kId, block.data(), 1, values.data()));
  for (const Wanted& want : wanted) {
    EXPECT_EQ(values.at(size_t(want.element)), want.value) << Encoding::kName << ", element " << want.element;
  }
}

TEST(Blocks, Q8_0) {
  expect<Q8_0>({{0, {kHalfLow, kHalfHigh, 100, 0xff, 0x80}}, {33, {7}}},
               {{0, 50}, {1, -0.5f}, {2, -64}, {3, 0}, {31, 3.5f}});
}

TEST(Blocks, Q4) {
  expect<Q4_0>({{0, {kTwoLow, kTwoHigh, 0x9f}}, {17, {0x70}}},
               {{0, -14}, {16, -2}, {1, 16}, {17, 16}, {15, 16}, {31, 2}});
  expect<Q4_1>({{0, {kHalfLow, kHalfHigh, kTwoLow, kTwoHigh, 0x9f}}, {19, {0x70}}},
               {{0, 5.5f}, {16, 2.5f}, {1, -2}, {31, 1.5f}});
}

TEST(Blocks, Q5) {
  // Fifth bits of weights 0, 17 and 31.
  expect<Q5_0>({{0, {kHalfLow, kHalfHigh, 0x01, 0, 0x02, 0x80, 0x2f, 0x10}}},
               {{0, 7.5f}, {16, -7}, {1, -8}, {17, 0.5f}, {31, 0}, {30, -8}});
  expect<Q5_1>({{0, {kHalfLow, kHalfHigh, kTwoLow, kTwoHigh, 0x01, 0, 0x02, 0x80, 0x2f, 0x10}}},
               {{0, 13.5f}, {16, -1}, {1, -2}, {17, 6.5f}, {31, 6}});
}

TEST(Blocks, Q2_K) {
  // Group 0: scale 3, minimum 2; group 1: scale 15; group 15: minimum 15. d = 0.5, dmin = -2.
  expect<Q2_K>({{0, {0x23, 0x0f}},
                {15, {0xf0}},
                {16, {0xe4, 0x02}},  // weights 0, 32, 64, 96 are 0, 1, 2, 3; weight 1 is 2
                {32, {0x03}},        // weight 16 is 3
                {80, {kHalfLow, kHalfHigh, kTwoLow, kTwoHigh}}},
               {{0, 4}, {1, 7}, {16, 22.5f}, {17, 0}, {32, 0}, {255, 30}});
  expect<Q2_K>({{2, {1}}, {14, {1}}, {16, {0xe4}}, {48 + 5, {0x80 | 0x40}}, {80, {kOneLow, kOneHigh}}},
               {{32, 1}, {64, 0}, {128 + 96 + 5, 3}});
}

TEST(Blocks, Q3_K) {
  // Scales: group 0 is 1 - 32, group 8 (high half of byte 96) 2 + 16 * 3 - 32, all others -32.
  const std::vector<uint8_t> scales{0x21, 0, 0, 0, 0, 0, 0, 0, 0x30, 0, 0, 0};
  expect<Q3_K>({{0, {0x11}}, {32, {0x02}}, {64, {0x03}}, {96, scales}, {108, {kOneLow, kOneHigh}}},
               {{0, -31.0f * 2}, {1, -31.0f * -4}, {128, 18.0f * 3}, {16, 128}});
  expect<Q3_K>({{0, {0x11}},
                {32, {0x02}},
                {64, {0x03}},
                {96, {0x21, 0, 0, 0, 0, 0, 0, 0, 0x32, 0, 0, 0}},
                {108, {kOneLow, kOneHigh}}},
               {{0, (1 + 32 - 32) * 2.0f}, {128, 18.0f * 3}});
}

TEST(Blocks, Q4_K) {
  // Group 0: scale 5, minimum 3. Group 4: scale 9 + 16 * 2, minimum 6 + 16 * 1. d = 0.5, dmin = -2.
  const std::vector<uint8_t> scales{5 | 2 << 6, 0, 0, 0, 3 | 1 << 6, 0, 0, 0, 9 | 6 << 4, 0, 0, 0};
  expect<Q4_K>({{0, {kHalfLow, kHalfHigh, kTwoLow, kTwoHigh}}, {4, scales}, {16, {0x4f}}, {16 + 64 + 31, {0x53}}},
               {{0, 2.5f * 15 + 6}, {1, 6}, {32, 0}, {128 + 31, 20.5f * 3 + 44}, {128, 44}});
}

TEST(Blocks, Q5_K) {
  const std::vector<uint8_t> scales{5 | 2 << 6, 0, 0, 0, 3 | 1 << 6, 0, 0, 0, 9 | 6 << 4, 0, 0, 0};
  expect<Q5_K>({{0, {kHalfLow, kHalfHigh, kTwoLow, kTwoHigh}},
                {4, scales},
                {16, {0x01}},       // the fifth bit of weight 0
                {16 + 31, {0x10}},  // and of weight 31 in group 4
                {48, {0x4f}},
                {48 + 64 + 31, {0x53}}},
               {{0, 2.5f * 31 + 6}, {1, 6}, {128 + 31, 20.5f * 19 + 44}, {128 + 30, 44}});
}

TEST(Blocks, Q6_K) {
  // Scales: group 0 is 3, group 4 is -2, group 15 is 127.
  expect<Q6_K>({{0, {0x5f}},         // low bits of weight 0: 15, of 64: 5
                {128, {0x21}},       // high bits of weight 0: 1, of 32: 0, of 64: 2, of 96: 0
                {127, {0x70}},       // low bits of weight 255: 7
                {128 + 63, {0xc0}},  // high bits of weight 255: 3
                {192, {3, 0, 0, 0, 0xfe}},
                {207, {127}},
                {208, {kHalfLow, kHalfHigh}}},
               {{0, 1.5f * (31 - 32)}, {1, 1.5f * -32}, {64, -1.0f * (37 - 32)}, {255, 63.5f * (55 - 32)}, {16, 0}});
}

TEST(Blocks, IQ4) {
  expect<IQ4_NL>({{0, {kHalfLow, kHalfHigh, 0xf8, 0x70}}}, {{0, 0.5f}, {16, 56.5f}, {1, -63.5f}, {17, -5}});
  // Scales: group 0 is 1 + 16 * 2 - 32, group 1 is 15 + 16 * 3 - 32, the others -32.
  expect<IQ4_XS>({{0, {kOneLow, kOneHigh, 0x0e, 0x00, 0xf1}}, {8, {0xf8}}, {24, {0x10}}},
                 {{0, 1}, {16, 113}, {1, -127}, {32, 31.0f * -127}, {48, 31.0f * -104}, {64, 32 * 127}});
  // Every value, as ggml's kvalues_iq4nl has them.
  constexpr float kValues[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
  for (uint8_t q = 0; q < 16; ++q) expect<IQ4_NL>({{0, {kOneLow, kOneHigh, q}}}, {{0, kValues[q]}, {16, -127}});
}

// Entries 0 and 1 of the codebooks, as ggml's tables begin: 08 08 08 08 08 08 08 08, 2b 08 08 08 08 08 08 08 (IQ2);
// 04 04 04 04, 14 04 04 04 (IQ3_XXS); 01 01 01 01, 03 01 01 01 (IQ3_S).
TEST(Blocks, IQ2) {
  // Group 1: entries 1 0 0 0; signs of the first eight weights: index 3, negative 0 and 1, even; of the next: index 1,
  // negative 0 and, for evenness, 7. Scale 2.
  expect<IQ2_XXS>({{0, {kOneLow, kOneHigh}}, {10, {1, 0, 0, 0, 0x83, 0x00, 0x00, 0x20}}},
                  {{0, 1}, {32, -0.625f * 43}, {33, -5}, {34, 5}, {39, 5}, {40, -5}, {41, 5}, {47, -5}, {48, 5}});
  // Word 0: entry 1, sign index 1. Scales of weights 0 .. 15: 1, of 16 .. 31: 3.
  expect<IQ2_XS>({{0, {kOneLow, kOneHigh, 0x01, 0x02}}, {66, {0x31}}},
                 {{0, -0.375f * 43}, {1, 3}, {7, -3}, {8, 3}, {16, 7}, {32, 1}});
  // Entry 1, sign of weight 2; scales as above. Entry 256 by the high bits: 1 << 8.
  expect<IQ2_S>({{0, {kOneLow, kOneHigh, 0x01}}, {34, {0x04}}, {74, {0x31}}},
                {{0, 0.375f * 43}, {1, 3}, {2, -3}, {16, 7}, {32, 1}});
}

TEST(Blocks, IQ3) {
  // Group 0: entries 1 and 0 ..., sign index 0x11 of the first eight weights: 0 and 4. Scale 3.
  expect<IQ3_XXS>({{0, {kOneLow, kOneHigh, 0x01}}, {66, {0x11, 0x00, 0x00, 0x30}}},
                  {{0, -1.75f * 20}, {1, 7}, {4, -7}, {5, 7}, {8, 7}, {32, 1}});
  // Scales: group 0 is 2, group 1 is 5. Signs of weights 0 and 35.
  expect<IQ3_S>({{0, {kOneLow, kOneHigh, 0x01}}, {74, {0x01}}, {78, {0x08}}, {106, {0x52}}},
                {{0, -5.0f * 3}, {1, 5}, {32, 11}, {35, -11}, {64, 1}});
}

// High bits of an entry's number choose among the codebook's quarters or halves.
TEST(Blocks, EntriesBeyondAByte) {
  const auto iq2 = [](int entry, int i) { return 0.125f * float(kIq2SGrid.entry[entry][i]); };
  for (int i = 0; i < 8; ++i) {
    expect<IQ2_S>({{0, {kOneLow, kOneHigh, 0x05, 0x06, 0x07, 0x08}}, {66, {0xc6}}},
                  {{i, iq2(0x205, i)}, {8 + i, iq2(0x106, i)}, {16 + i, iq2(0x007, i)}, {24 + i, iq2(0x308, i)}});
  }
  for (int i = 0; i < 4; ++i) {
    expect<IQ3_S>({{0, {kOneLow, kOneHigh, 0x05, 0x06}}, {66, {0x02}}},
                  {{i, float(kIq3SGrid.entry[0x005][i])}, {4 + i, float(kIq3SGrid.entry[0x106][i])}});
  }
}

TEST(Blocks, Plain) {
  expect<F32>({{0, {0, 0, 0x80, 0xbf}}}, {{0, -1}});
  expect<F16>({{0, {kTwoLow, kTwoHigh}}}, {{0, -2}});
  expect<BF16>({{0, {0x80, 0xbf}}}, {{0, -1}});
}

TEST(Blocks, UnknownEncodings) {
  float value = 5;
  const uint8_t block[4] = {};
  for (const uint32_t id : {0u, 4u, 22u, 0xffffffffu}) EXPECT_FALSE(decode(Id(id), block, 1, &value)) << id;
  EXPECT_EQ(value, 5);
}

}  // namespace
}  // namespace grok1::encodings
