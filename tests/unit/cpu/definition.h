// What docs/numerics.md says a linear layer is, in plain scalar code: the yardstick of linear_test.cpp. Knows nothing
// of the kernels.
#pragma once

#include <cstdint>
#include <vector>

namespace grok1::cpu::definition {

// An int8 matrix [k, n] with scales [groups, n], and one row of inputs for inputs k_begin .. k_begin + x.size().
struct I8 {
  uint64_t k, n, groups;
  std::vector<int8_t> w;
  std::vector<float> scales;
};

// y[n] bit for bit, with fused multiply-adds; the largest digit is `most`.
std::vector<float> linear_i8(const I8& m, const std::vector<float>& x, uint64_t k_begin, float most);

// The exact product of the same numbers, and the size of each sum: sqrt(sum of (w x)^2).
std::vector<double> exact_i8(const I8& m, const std::vector<float>& x, uint64_t k_begin, std::vector<double>* size);

// Float matrices: stored [k, n], and stored [n, k].
std::vector<float> linear_kn(const std::vector<float>& w, uint64_t n, const std::vector<float>& x);
std::vector<float> linear_nk(const std::vector<float>& w, uint64_t n, const std::vector<float>& x);

}  // namespace grok1::cpu::definition
