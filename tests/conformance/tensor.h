// Whole tensors in host memory, as a model's file holds them, filled with random numbers in any encoding; and what an
// element of one is. Knows no device; weights.h hands them to one.
#ifndef GROK1_TESTS_CONFORMANCE_TENSOR_H
#define GROK1_TESTS_CONFORMANCE_TENSOR_H

#include <cstddef>
#include <string>
#include <vector>

#include "grok1_backend.h"
#include "tests/conformance/random.h"

namespace grok1::conformance {

struct Format {
  uint32_t encoding;
  uint32_t scale_encoding;
  uint32_t order;

  bool has_scales() const { return encoding == GROK1_ENCODING_I8; }
  std::string encoding_name() const;  // "Q4_K"
  std::string name() const;           // with scales and order
};

inline constexpr Format kF32Kn{GROK1_ENCODING_F32, GROK1_ENCODING_NONE, GROK1_ORDER_KN};
inline constexpr Format kF32Nk{GROK1_ENCODING_F32, GROK1_ENCODING_NONE, GROK1_ORDER_NK};
inline constexpr Format kF16Kn{GROK1_ENCODING_F16, GROK1_ENCODING_NONE, GROK1_ORDER_KN};
inline constexpr Format kF16Nk{GROK1_ENCODING_F16, GROK1_ENCODING_NONE, GROK1_ORDER_NK};
inline constexpr Format kBf16Kn{GROK1_ENCODING_BF16, GROK1_ENCODING_NONE, GROK1_ORDER_KN};
inline constexpr Format kBf16Nk{GROK1_ENCODING_BF16, GROK1_ENCODING_NONE, GROK1_ORDER_NK};
inline constexpr Format kI8Bf16{GROK1_ENCODING_I8, GROK1_ENCODING_BF16, GROK1_ORDER_KN};
inline constexpr Format kI8F32{GROK1_ENCODING_I8, GROK1_ENCODING_F32, GROK1_ORDER_KN};

// Every linear format of single numbers that the header can describe; those a backend must offer come first. Blocks are
// in blocks.h.
inline constexpr Format kLinearFormats[] = {kI8Bf16, kF32Kn, kF32Nk, kI8F32, kBf16Kn, kBf16Nk, kF16Kn, kF16Nk};
inline constexpr size_t kMandatoryFormats = 3;

uint32_t bytes_of(uint32_t encoding);  // of a number
uint16_t to_bf16(float value);         // nearest, ties to even
uint16_t to_f16(float value);          // the same, for |value| < 65504
float number_at(uint32_t encoding, const std::byte* bytes);
void store_number(uint32_t encoding, float value, std::byte* bytes);

struct Tensor {
  uint32_t kind = GROK1_WEIGHT_LINEAR;
  Format format = kF32Kn;
  uint32_t experts = 1, groups = 0;
  uint64_t k = 0, n = 1;
  std::vector<std::byte> data;
  std::vector<std::byte> scales;  // [experts, groups, n]
  std::vector<float> numbers;     // of blocks, decoded; empty if there are none

  size_t index(uint32_t expert, uint64_t k_index, uint64_t n_index) const;
  double at(uint32_t expert, uint64_t k_index, uint64_t n_index) const;
  void set(uint32_t expert, uint64_t k_index, uint64_t n_index, float value);  // of single numbers without scales
};

// Values of deviation `deviation`, so that k inputs of deviation 1 give outputs of deviation deviation * sqrt(k).
// Scales differ by up to four times from group to group and column to column. `groups` counts for formats with scales
// only.
Tensor random_linear(Random& random, Format format, uint32_t experts, uint32_t groups, uint64_t k, uint64_t n,
                     double deviation);

// A norm's scale: 0.5 .. 1.5, some negative.
Tensor random_vector(Random& random, uint32_t encoding, uint64_t k);

}  // namespace grok1::conformance

#endif
