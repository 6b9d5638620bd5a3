// Rounding to the types of a KV cache, against the nearest of all 65,536 stored numbers, or of int8; and the kernels'
// conversions.
#include "backends/cpu/numbers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "tests/unit/cpu/levels.h"

namespace grok1::cpu {
namespace {

// The value of a 16-bit format with `fraction` fraction bits, from its definition.
double value(uint16_t bits, int fraction) {
  const int exponent_bits = 15 - fraction, bias = (1 << (exponent_bits - 1)) - 1;
  const int exponent = bits >> fraction & ((1 << exponent_bits) - 1), part = bits & ((1 << fraction) - 1);
  const double sign = bits >> 15 ? -1.0 : 1.0;
  if (exponent == (1 << exponent_bits) - 1) return part ? NAN : sign * INFINITY;
  const double mantissa = std::ldexp(part, -fraction) + (exponent ? 1 : 0);
  return sign * std::ldexp(mantissa, std::max(exponent, 1) - bias);
}

struct Format {
  Element element;
  int fraction;
  uint16_t (*narrow)(float);
};
const Format kFormats[] = {{Element::f16, 10, narrow_f16}, {Element::bf16, 7, narrow_bf16}};

TEST(Numbers, EveryStoredNumberHasItsValue) {
  for (const Format& f : kFormats)
    for (uint32_t bits = 0; bits < 65536; ++bits) {
      const uint16_t stored = static_cast<uint16_t>(bits);
      char bytes[4] = {};
      std::memcpy(bytes, &stored, 2);
      const double wanted = value(stored, f.fraction);
      const float found = value_of(f.element, bytes);
      ASSERT_TRUE(std::isnan(wanted) ? std::isnan(found) : found == wanted) << bits;
      const uint16_t back = f.narrow(found);
      ASSERT_TRUE(std::isnan(wanted) ? std::isnan(value(back, f.fraction)) : back == stored) << bits;
    }
}

TEST(Numbers, NarrowingTakesTheNearestAndTiesToEven) {
  for (const Format& f : kFormats)
    for (uint32_t bits = 0; bits < 0x7fffu; ++bits) {
      const double low = value(static_cast<uint16_t>(bits), f.fraction);
      const double high = value(static_cast<uint16_t>(bits + 1), f.fraction);
      if (!std::isfinite(high)) break;
      const float middle = static_cast<float>((low + high) / 2);
      if (static_cast<double>(middle) != (low + high) / 2) continue;  // bf16 subnormal below float's reach
      const uint16_t even = static_cast<uint16_t>(bits % 2 == 0 ? bits : bits + 1);
      ASSERT_EQ(f.narrow(middle), even) << bits;
      ASSERT_EQ(f.narrow(std::nextafter(middle, -1.0f)), bits) << bits;
      ASSERT_EQ(f.narrow(std::nextafter(middle, INFINITY)), bits + 1) << bits;
      ASSERT_EQ(f.narrow(-middle), even | 0x8000u) << bits;
    }
}

TEST(Numbers, TooLargeIsInfinity) {
  EXPECT_EQ(narrow_f16(65519.99f), 0x7bff);
  EXPECT_EQ(narrow_f16(65520.0f), 0x7c00);
  EXPECT_EQ(narrow_f16(-1e30f), 0xfc00);
  EXPECT_EQ(narrow_bf16(3.4e38f), 0x7f80);
}

struct Int8Row {
  float scale;
  std::vector<int8_t> digits;

  explicit Int8Row(const std::vector<float>& values) : digits(values.size()) {
    std::vector<char> row(row_bytes_of(Element::i8, static_cast<uint32_t>(values.size())));
    store_row(Element::i8, row.data(), values.data(), static_cast<uint32_t>(values.size()));
    std::memcpy(&scale, row.data(), sizeof scale);
    std::memcpy(digits.data(), row.data() + sizeof scale, digits.size());
  }
};

TEST(Numbers, Int8RowsTakeTheNearestOfTheirLargest) {
  const Int8Row row({-127.0f, 0.5f, 1.5f, -1.5f, 126.75f, 3.25f, -0.0f});
  EXPECT_EQ(row.scale, 1.0f);
  EXPECT_EQ(row.digits, (std::vector<int8_t>{-127, 0, 2, -2, 127, 3, 0}));
  for (float largest = 1.1e-30f; largest < 3e38f; largest *= 1.37f) {
    const std::vector<float> values = {largest, -largest, largest * 0.3f, largest * -0.777f};
    const Int8Row some(values);
    EXPECT_EQ(some.digits[0], 127) << largest;
    for (size_t i = 0; i < values.size(); ++i)
      EXPECT_LE(std::abs(double{some.scale} * some.digits[i] - values[i]), 0.5001 * some.scale) << largest;
  }
}

TEST(Numbers, Int8RowsOfNothingAndOfNoNumbers) {
  for (const float vanishing : {0.0f, -0.0f, 9e-31f, 1e-45f}) {
    const Int8Row row({vanishing, 0.0f, -vanishing});
    EXPECT_EQ(row.scale, 0.0f);
    EXPECT_EQ(row.digits, std::vector<int8_t>(3));
  }
  for (const float none : {INFINITY, -INFINITY, NAN, -NAN}) {
    const Int8Row row({1.0f, none, 2.0f});
    EXPECT_TRUE(std::isnan(row.scale));
    EXPECT_EQ(row.digits, std::vector<int8_t>(3));
  }
}

// An identity matrix in a 16-bit type brings every stored number through the kernels' loads.
TEST(Numbers, KernelsReadTheSameValues) {
  for (const Format& f : kFormats)
    for (const Isa isa : levels()) {
      std::vector<uint16_t> stored;
      for (uint32_t bits = 0; bits < 65536; ++bits)
        if (std::isfinite(value(static_cast<uint16_t>(bits), f.fraction)))
          stored.push_back(static_cast<uint16_t>(bits));
      const Chunk chunk{0, 1, 0, 0, true};
      Matrix m{};
      m.data = reinterpret_cast<const char*>(stored.data());
      m.row_bytes = stored.size() * 2;
      m.chunks = &chunk, m.n_chunks = 1, m.k = 1, m.n = static_cast<uint32_t>(stored.size()), m.element = f.element;
      const float one = 1.0f;
      Rows row{};
      row.values = &one, row.count = 1;
      std::vector<float> found(stored.size());
      kernels_of(isa).sweep(m, row, 0, 0, m.n, found.data(), 0, nullptr);
      for (size_t i = 0; i < stored.size(); ++i) ASSERT_EQ(found[i], value(stored[i], f.fraction)) << stored[i];
    }
}

}  // namespace
}  // namespace grok1::cpu
