// SplitMix64 (Steele, Lea, Flood 2014) used by counter, and sums of its uniform parts as near normal numbers.
#include "synth_random.h"

#include <cstring>

namespace cli {
namespace {

constexpr uint64_t kGamma = 0x9e3779b97f4a7c15u;

uint64_t mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

uint64_t draw(uint64_t key, uint64_t counter) {
  return mix(key + (counter + 1) * kGamma);
}

// Adds the two bytes of each 16-bit part, then the two parts of each half: two sums of four bytes, 0 .. 1020 each.
uint64_t sum_bytes(uint64_t bits) {
  const uint64_t pairs = (bits & 0x00ff00ff00ff00ffu) + (bits >> 8 & 0x00ff00ff00ff00ffu);
  return (pairs & 0x0000ffff0000ffffu) + (pairs >> 16 & 0x0000ffff0000ffffu);
}

// (sum - 510) / 4, rounded to nearest and halves towards zero: symmetric, -127 .. 127.
int8_t centred(uint64_t sum) {
  const int v = static_cast<int>(sum) - 510;
  return static_cast<int8_t>((v + (v > 0) - (v < 0)) / 4);
}

}  // namespace

uint64_t stream_key(uint64_t seed, uint64_t tensor, uint64_t part) {
  return mix(mix(seed + kGamma) ^ mix(4 * tensor + part + kGamma));
}

void random_int8(uint64_t key, uint64_t first, int8_t* out, size_t n) {
  for (size_t i = 0; i < n; i += 2) {
    const uint64_t sums = sum_bytes(draw(key, (first + i) / 2));
    out[i] = centred(sums & 0xffffffffu);
    if (i + 1 < n) out[i + 1] = centred(sums >> 32);
  }
}

void random_float(uint64_t key, uint64_t first, float* out, size_t n, double mean, double deviation) {
  constexpr double kUnit = 37837.2;  // sqrt(4 (65536^2 - 1) / 12), of a sum of four uniform 16-bit numbers
  const double factor = deviation / kUnit;
  for (size_t i = 0; i < n; ++i) {
    const uint64_t bits = draw(key, first + i);
    const auto sum =
        static_cast<int32_t>((bits & 0xffff) + (bits >> 16 & 0xffff) + (bits >> 32 & 0xffff) + (bits >> 48));
    out[i] = static_cast<float>(mean + factor * (sum - 131070));
  }
}

void random_bfloat16(uint64_t key, uint64_t first, uint16_t* out, size_t n, double scale) {
  for (size_t i = 0; i < n; ++i) {
    const double uniform = static_cast<double>(draw(key, first + i) >> 11) * 0x1p-53;
    const auto value = static_cast<float>(scale * (0.75 + 0.5 * uniform));
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    out[i] = static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);  // to nearest even
  }
}

}  // namespace cli
