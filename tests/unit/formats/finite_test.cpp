// Numbers that are not finite, wherever they lie; and that a block is called bad exactly if it decodes to such numbers,
// by the decoders themselves.
#include "core/formats/finite.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "core/base/encoding.h"
#include "encodings/encoding.h"
#include "grok1.h"

namespace grok1::test {
namespace {

template <class T>
NonFinite find(uint32_t encoding, const std::vector<T>& numbers) {
  return find_non_finite(encoding, std::as_bytes(std::span(numbers)));
}

TEST(Finite, EveryPlaceOfAnF32) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const float bad : {kInfinity, -kInfinity, std::numeric_limits<float>::quiet_NaN()}) {
    for (const size_t at : {size_t{0}, size_t{1}, size_t{4095}, size_t{4096}, size_t{9999}}) {
      std::vector<float> numbers(10000, std::numeric_limits<float>::max());
      EXPECT_EQ(find(GROK1_ENCODING_F32, numbers).count, 0u);
      numbers[at] = bad;
      EXPECT_EQ(find(GROK1_ENCODING_F32, numbers).count, 1u);
      EXPECT_EQ(find(GROK1_ENCODING_F32, numbers).first, 4 * at);
      numbers.back() = bad;
      EXPECT_EQ(find(GROK1_ENCODING_F32, numbers).count, at == 9999 ? 1u : 2u);
      EXPECT_EQ(find(GROK1_ENCODING_F32, numbers).first, 4 * at);
    }
  }
}

// All 65,536 of them.
TEST(Finite, EveryHalfAndBfloat16) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const std::vector<uint16_t> numbers{0, static_cast<uint16_t>(bits), 0};
    const bool half = std::isfinite(encodings::half_to_float(numbers[1]));
    const bool bf16 = std::isfinite(encodings::bf16_to_float(numbers[1]));
    ASSERT_EQ(find(GROK1_ENCODING_F16, numbers).count, half ? 0u : 1u) << bits;
    ASSERT_EQ(find(GROK1_ENCODING_BF16, numbers).count, bf16 ? 0u : 1u) << bits;
    ASSERT_EQ(find(GROK1_ENCODING_F16, numbers).first, half ? UINT64_MAX : 2u) << bits;
  }
}

TEST(Finite, Int8HasNothingToFind) {
  EXPECT_EQ(find(GROK1_ENCODING_I8, std::vector<uint8_t>(100, 0x7f)).count, 0u);
  EXPECT_FALSE(can_be_non_finite(GROK1_ENCODING_I8));
}

bool decodes_to_finite(uint32_t encoding, const std::vector<uint8_t>& block) {
  std::vector<float> out(encoding_shape(encoding).elements);
  EXPECT_TRUE(encodings::decode(encodings::Id(encoding), block.data(), 1, out.data()));
  for (const float number : out)
    if (!std::isfinite(number)) return false;
  return true;
}

// Blocks of random bits, and of these some in which every byte is all ones: at every place where a float16 may lie it
// is one that is not finite.
TEST(Finite, BlocksThatDecodeToInfinities) {
  std::mt19937 random(1);
  for (uint32_t encoding = GROK1_ENCODING_Q8_0; encoding <= GROK1_ENCODING_IQ2_XXS; ++encoding) {
    const uint64_t size = encoding_bytes(encoding);
    uint64_t n_bad = 0;
    for (int i = 0; i < 20000; ++i) {
      std::vector<uint8_t> block(size);
      for (uint8_t& byte : block) byte = static_cast<uint8_t>(random());
      const size_t at = random() % (size - 1);
      if (i % 4 == 0) block[at] = 0, block[at + 1] = 0x7c;     // an infinite float16
      if (i % 4 == 1) block[at] = 0xff, block[at + 1] = 0xfb;  // the largest finite one
      const bool bad = !decodes_to_finite(encoding, block);
      ASSERT_EQ(find(encoding, block).count, bad ? 1u : 0u) << encoding_name(encoding);
      n_bad += bad ? 1 : 0;
    }
    EXPECT_GT(n_bad, 100u) << encoding_name(encoding);
    std::vector<uint8_t> three(3 * size);
    std::fill(three.begin() + static_cast<ptrdiff_t>(size), three.begin() + 2 * static_cast<ptrdiff_t>(size), 0xff);
    EXPECT_EQ(find(encoding, three).first, size) << encoding_name(encoding);
  }
}

}  // namespace
}  // namespace grok1::test
