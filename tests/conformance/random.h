// Random numbers that are the same on every machine: a 64-bit counter hashed by splitmix64 (Steele, Lea, Flood 2014).
// Knows nothing of tensors; tensor.h and the tests draw from it.
#ifndef GROK1_TESTS_CONFORMANCE_RANDOM_H
#define GROK1_TESTS_CONFORMANCE_RANDOM_H

#include <cmath>
#include <cstdint>
#include <numbers>
#include <utility>
#include <vector>

namespace grok1::conformance {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t bits() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  uint32_t below(uint32_t n) { return uint32_t(bits() % n); }

  // In [0, 1).
  double uniform() { return double(bits() >> 11) * 0x1p-53; }

  // Mean 0, deviation 1 (Box and Muller).
  double normal() {
    const double radius = std::sqrt(-2 * std::log(1 - uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
  }

  std::vector<float> normals(size_t n, double deviation = 1) {
    std::vector<float> values(n);
    for (float& value : values) value = float(deviation * normal());
    return values;
  }

  template <class T>
  void shuffle(std::vector<T>& values) {
    for (size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[below(uint32_t(i))]);
  }

  std::vector<uint32_t> permutation(uint32_t n) {
    std::vector<uint32_t> values(n);
    for (uint32_t i = 0; i < n; ++i) values[i] = i;
    shuffle(values);
    return values;
  }

 private:
  uint64_t state_;
};

}  // namespace grok1::conformance

#endif
