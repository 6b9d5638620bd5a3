// float16 and bfloat16 against IEEE 754's own definition, sign * fraction * 2^exponent, for every pattern; and rounding
// at every boundary between two of them.
#include "encodings/half.h"

#include <gtest/gtest.h>

#include <cmath>

namespace grok1::encodings {
namespace {

double value_of_half(uint32_t half) {
  const int exponent = int(half >> 10 & 31), fraction = int(half & 1023);
  const double sign = (half & 0x8000) != 0 ? -1 : 1;
  if (exponent == 31) return fraction == 0 ? sign * INFINITY : NAN;
  return sign * (exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25));
}

TEST(Half, EveryPatternToFloat) {
  for (uint32_t half = 0; half < 65536; ++half) {
    const double wanted = value_of_half(half);
    const float found = half_to_float(uint16_t(half));
    if (std::isnan(wanted)) {
      EXPECT_TRUE(std::isnan(found)) << half;
      EXPECT_EQ(bits_of(found) >> 13 & 1023, half & 1023) << "payload of " << half;
    } else {
      EXPECT_EQ(double(found), wanted) << half;
    }
    EXPECT_EQ(std::signbit(found), half >= 32768) << half;
  }
}

TEST(Half, EveryPatternAndBack) {
  for (uint32_t half = 0; half < 65536; ++half) EXPECT_EQ(float_to_half(half_to_float(uint16_t(half))), half);
}

// Between each two neighbours: just below the middle, the middle (to the even one), just above it.
TEST(Half, RoundsToNearestEven) {
  for (uint32_t low = 0; low < 0x7c00; ++low) {
    const double above = low == 0x7bff ? 65536 : value_of_half(low + 1);  // where the next one would be
    const float middle = float((value_of_half(low) + above) / 2);
    for (const uint32_t sign : {0u, 0x8000u}) {
      const float s = sign != 0 ? -1 : 1;
      EXPECT_EQ(float_to_half(s * std::nextafterf(middle, 0)), sign | low);
      EXPECT_EQ(float_to_half(s * middle), sign | (low % 2 == 0 ? low : low + 1));
      EXPECT_EQ(float_to_half(s * std::nextafterf(middle, INFINITY)), sign | (low + 1));
    }
  }
}

TEST(Half, Extremes) {
  EXPECT_EQ(float_to_half(INFINITY), 0x7c00);
  EXPECT_EQ(float_to_half(-3e38f), 0xfc00);
  EXPECT_EQ(float_to_half(1e-45f), 0);
  EXPECT_EQ(float_to_half(float_of(0x7f800001)), 0x7c01) << "a NaN whose payload does not fit stays one";
  EXPECT_EQ(float_to_half(float_of(0xffc02000)), 0xfe01);
}

TEST(Bf16, EveryPattern) {
  for (uint32_t bf16 = 0; bf16 < 65536; ++bf16) {
    const float value = bf16_to_float(uint16_t(bf16));
    EXPECT_EQ(bits_of(value), bf16 << 16);
    const uint32_t back = std::isnan(value) ? bf16 | 0x40 : bf16;  // quiet
    EXPECT_EQ(float_to_bf16(value), back);
  }
}

TEST(Bf16, RoundsToNearestEven) {
  for (uint32_t low = 0; low < 0x7f80; ++low) {
    const uint32_t middle = low << 16 | 0x8000;
    EXPECT_EQ(float_to_bf16(float_of(middle - 1)), low);
    EXPECT_EQ(float_to_bf16(float_of(middle)), low % 2 == 0 ? low : low + 1);
    EXPECT_EQ(float_to_bf16(float_of(middle + 1)), low + 1);
  }
}

}  // namespace
}  // namespace grok1::encodings
