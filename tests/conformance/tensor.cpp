// Number formats and random tensors; what they are for is in tensor.h.
#include "tests/conformance/tensor.h"

#include <bit>
#include <cstring>

#include "tests/conformance/blocks.h"

namespace grok1::conformance {

std::string Format::encoding_name() const {
  static const char* const kNames[] = {"none",   "F32",   "F16",     "BF16",  "I8",     "Q8_0",   "Q4_0", "Q4_1",
                                       "Q5_0",   "Q5_1",  "Q2_K",    "Q3_K",  "Q4_K",   "Q5_K",   "Q6_K", "IQ4_NL",
                                       "IQ4_XS", "IQ3_S", "IQ3_XXS", "IQ2_S", "IQ2_XS", "IQ2_XXS"};
  return kNames[encoding];
}

std::string Format::name() const {
  const std::string scales =
      has_scales() ? "_scales_" + Format{scale_encoding, GROK1_ENCODING_NONE, order}.encoding_name() : "";
  return encoding_name() + scales + (order == GROK1_ORDER_KN ? "_KN" : "_NK");
}

uint32_t bytes_of(uint32_t encoding) {
  return encoding == GROK1_ENCODING_F32 ? 4 : encoding == GROK1_ENCODING_I8 ? 1 : 2;
}

uint16_t to_bf16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  return uint16_t((bits + 0x7fffu + (bits >> 16 & 1)) >> 16);
}

uint16_t to_f16(float value) {
  const uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  const double magnitude = std::fabs(double(value));
  int exponent = magnitude == 0 ? -14 : std::ilogb(magnitude);
  exponent = exponent < -14 ? -14 : exponent;  // -14: of the smallest normal number
  const auto units = uint32_t(std::nearbyint(std::ldexp(magnitude, 10 - exponent)));
  return uint16_t(sign + (uint32_t(exponent + 14) << 10) + units);  // the implicit bit adds 1 to the exponent
}

float number_at(uint32_t encoding, const std::byte* bytes) {
  if (encoding == GROK1_ENCODING_F32) {
    float value;
    std::memcpy(&value, bytes, sizeof value);
    return value;
  }
  if (encoding == GROK1_ENCODING_I8) return float(int8_t(*bytes));
  uint16_t bits;
  std::memcpy(&bits, bytes, sizeof bits);
  if (encoding == GROK1_ENCODING_BF16) return std::bit_cast<float>(uint32_t(bits) << 16);
  const int exponent = bits >> 10 & 31, fraction = bits & 1023;
  const double magnitude =
      exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);  // no infinities here
  return float((bits & 0x8000) != 0 ? -magnitude : magnitude);
}

void store_number(uint32_t encoding, float value, std::byte* bytes) {
  if (encoding == GROK1_ENCODING_F32) {
    std::memcpy(bytes, &value, sizeof value);
  } else if (encoding == GROK1_ENCODING_I8) {
    *bytes = std::byte(int8_t(value));
  } else {
    const uint16_t bits = encoding == GROK1_ENCODING_BF16 ? to_bf16(value) : to_f16(value);
    std::memcpy(bytes, &bits, sizeof bits);
  }
}

size_t Tensor::index(uint32_t expert, uint64_t k_index, uint64_t n_index) const {
  return format.order == GROK1_ORDER_KN ? (expert * k + k_index) * n + n_index : (expert * n + n_index) * k + k_index;
}

double Tensor::at(uint32_t expert, uint64_t k_index, uint64_t n_index) const {
  if (!numbers.empty()) return numbers[index(expert, k_index, n_index)];
  const double value = number_at(format.encoding, &data[index(expert, k_index, n_index) * bytes_of(format.encoding)]);
  if (!format.has_scales()) return value;
  const uint64_t group = k_index / (k / groups);
  const size_t scale = (uint64_t(expert) * groups + group) * n + n_index;
  return value * number_at(format.scale_encoding, &scales[scale * bytes_of(format.scale_encoding)]);
}

void Tensor::set(uint32_t expert, uint64_t k_index, uint64_t n_index, float value) {
  store_number(format.encoding, value, &data[index(expert, k_index, n_index) * bytes_of(format.encoding)]);
}

Tensor random_linear(Random& random, Format format, uint32_t experts, uint32_t groups, uint64_t k, uint64_t n,
                     double deviation) {
  Tensor tensor{GROK1_WEIGHT_LINEAR, format, experts, format.has_scales() ? groups : 0, k, n, {}, {}, {}};
  const size_t count = experts * k * n, bytes = bytes_of(format.encoding);
  if (block_size(format.encoding) > 1) {
    tensor.data = random_blocks(random, format.encoding, count, deviation);
    tensor.numbers = decoded(format.encoding, tensor.data, count);
    return tensor;
  }
  tensor.data.resize(count * bytes);
  for (size_t i = 0; i < count; ++i) {
    const double value = format.has_scales() ? double(random.below(255)) - 127 : deviation * random.normal();
    store_number(format.encoding, float(value), &tensor.data[i * bytes]);
  }
  if (!format.has_scales()) return tensor;
  const size_t scales = uint64_t(experts) * groups * n, scale_bytes = bytes_of(format.scale_encoding);
  tensor.scales.resize(scales * scale_bytes);
  for (size_t i = 0; i < scales; ++i) {
    // 73.6 is the deviation of -127 .. 127, 1.06 the rms of 0.4 .. 1.6.
    const double scale = deviation / 73.6 / 1.06 * (0.4 + 1.2 * random.uniform());
    store_number(format.scale_encoding, float(scale), &tensor.scales[i * scale_bytes]);
  }
  return tensor;
}

Tensor random_vector(Random& random, uint32_t encoding, uint64_t k) {
  Tensor tensor{GROK1_WEIGHT_VECTOR, {encoding, GROK1_ENCODING_NONE, GROK1_ORDER_KN}, 1, 0, k, 1, {}, {}, {}};
  tensor.data.resize(k * bytes_of(encoding));
  for (uint64_t i = 0; i < k; ++i)
    tensor.set(0, i, 0, float((0.5 + random.uniform()) * (random.below(8) == 0 ? -1 : 1)));
  return tensor;
}

}  // namespace grok1::conformance
