// Random blocks; what they are for is in blocks.h.
#include "tests/conformance/blocks.h"

#include <stdexcept>

#include "encodings/encoding.h"

namespace grok1::conformance {
namespace {

// Where a block has its float16 scale and, if `minimum` is not 0, the float16 that a second number of each group, or 1,
// is multiplied with: `share` of the scale lets the block's numbers lie around 0.
struct Scales {
  uint32_t encoding, scale, minimum;
  double share;
};
constexpr Scales kScales[] = {
    {GROK1_ENCODING_Q8_0, 0, 0, 0},   {GROK1_ENCODING_Q4_0, 0, 0, 0},     {GROK1_ENCODING_Q4_1, 0, 2, -7.5},
    {GROK1_ENCODING_Q5_0, 0, 0, 0},   {GROK1_ENCODING_Q5_1, 0, 2, -15.5}, {GROK1_ENCODING_Q2_K, 80, 82, 1.5},
    {GROK1_ENCODING_Q3_K, 108, 0, 0}, {GROK1_ENCODING_Q4_K, 0, 2, 7.5},   {GROK1_ENCODING_Q5_K, 0, 2, 15.5},
    {GROK1_ENCODING_Q6_K, 208, 0, 0}, {GROK1_ENCODING_IQ4_NL, 0, 0, 0},   {GROK1_ENCODING_IQ4_XS, 0, 0, 0},
    {GROK1_ENCODING_IQ3_S, 0, 0, 0},  {GROK1_ENCODING_IQ3_XXS, 0, 0, 0},  {GROK1_ENCODING_IQ2_S, 0, 0, 0},
    {GROK1_ENCODING_IQ2_XS, 0, 0, 0}, {GROK1_ENCODING_IQ2_XXS, 0, 0, 0},
};

const Scales& scales_of(uint32_t encoding) {
  for (const Scales& scales : kScales)
    if (scales.encoding == encoding) return scales;
  throw std::invalid_argument("no block encoding: " + std::to_string(encoding));
}

void set_scale(const Scales& scales, double scale, std::byte* block) {
  store_number(GROK1_ENCODING_F16, float(scale), block + scales.scale);
  if (scales.minimum != 0) store_number(GROK1_ENCODING_F16, float(scale * scales.share), block + scales.minimum);
}

}  // namespace

std::vector<Format> block_formats() {
  std::vector<Format> formats;
  for (const Scales& scales : kScales) formats.push_back({scales.encoding, GROK1_ENCODING_NONE, GROK1_ORDER_NK});
  return formats;
}

std::vector<uint32_t> embedding_encodings() {
  std::vector<uint32_t> encodings{GROK1_ENCODING_F32, GROK1_ENCODING_BF16, GROK1_ENCODING_F16};
  for (const Scales& scales : kScales) encodings.push_back(scales.encoding);
  return encodings;
}

std::vector<uint32_t> row_sizes(uint32_t encoding) {
  switch (block_size(encoding)) {
    case 1: return {48, 63, 64, 65, 255, 256, 257, 1024};
    case 32: return {32, 96, 256, 1056};
    default: return {256, 1280};
  }
}

uint32_t block_size(uint32_t encoding) {
  uint32_t size = 1;
  encodings::with_encoding(encodings::Id{encoding}, [&](auto e) { size = uint32_t(e.kBlock); });
  return size;
}

uint64_t bytes_of_row(uint32_t encoding, uint64_t numbers) {
  if (block_size(encoding) == 1) return numbers * bytes_of(encoding);
  uint64_t bytes = 0;
  encodings::with_encoding(encodings::Id{encoding}, [&](auto e) { bytes = numbers / e.kBlock * e.kBytes; });
  return bytes;
}

std::vector<std::byte> random_blocks(Random& random, uint32_t encoding, size_t count, double deviation) {
  const Scales& scales = scales_of(encoding);
  std::vector<std::byte> blocks(bytes_of_row(encoding, count));
  for (std::byte& byte : blocks) byte = std::byte(random.below(256));
  const size_t bytes = bytes_of_row(encoding, block_size(encoding));
  for (size_t i = 0; i < blocks.size(); i += bytes) set_scale(scales, 1, &blocks[i]);
  double squares = 0;
  for (const float value : decoded(encoding, blocks, count)) squares += double(value) * value;
  const double rms = std::sqrt(squares / double(count));
  for (size_t i = 0; i < blocks.size(); i += bytes)  // 1.06: the rms of 0.4 .. 1.6
    set_scale(scales, deviation / rms / 1.06 * (0.4 + 1.2 * random.uniform()), &blocks[i]);
  return blocks;
}

std::vector<float> decoded(uint32_t encoding, const std::vector<std::byte>& blocks, size_t count) {
  std::vector<float> numbers(count);
  encodings::decode(encodings::Id{encoding}, blocks.data(), count / block_size(encoding), numbers.data());
  return numbers;
}

}  // namespace grok1::conformance
