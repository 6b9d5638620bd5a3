#include "tests/unit/cpu/definition.h"

#include <algorithm>
#include <cmath>

namespace grok1::cpu::definition {
namespace {

// The sum of one block of at most 256 inputs, in exact integers, times its activation scale added to c.
float add_block(const I8& m, const float* x, uint64_t size, uint64_t k, uint64_t n, float most, float c) {
  float largest = 0;
  for (uint64_t i = 0; i < size; ++i) largest = std::max(largest, std::fabs(x[i]));
  if (largest < 1e-30f) return c;
  const float s = largest / most;
  int64_t t = 0;
  for (uint64_t i = 0; i < size; ++i) t += int64_t{m.w[(k + i) * m.n + n]} * static_cast<int64_t>(std::rint(x[i] / s));
  return std::fma(static_cast<float>(t), s, c);
}

}  // namespace

std::vector<float> linear_i8(const I8& m, const std::vector<float>& x, uint64_t k_begin, float most) {
  const uint64_t group_size = m.k / m.groups, k_end = k_begin + x.size();
  std::vector<float> y(m.n, 0.0f);
  for (uint64_t n = 0; n < m.n; ++n)
    for (uint64_t g = 0; g < m.groups; ++g) {
      const uint64_t begin = std::max(k_begin, g * group_size), end = std::min(k_end, (g + 1) * group_size);
      if (begin >= end) continue;
      float group = 0;
      for (uint64_t chunk = begin; chunk < end; chunk += 2048) {
        float c = 0;
        const uint64_t chunk_end = std::min(end, chunk + 2048);
        for (uint64_t k = chunk; k < chunk_end; k += 256)
          c = add_block(m, &x[k - k_begin], std::min<uint64_t>(256, chunk_end - k), k, n, most, c);
        group += c;
      }
      y[n] = std::fma(group, m.scales[g * m.n + n], y[n]);
    }
  return y;
}

std::vector<double> exact_i8(const I8& m, const std::vector<float>& x, uint64_t k_begin, std::vector<double>* size) {
  std::vector<double> y(m.n);
  size->assign(m.n, 0.0);
  for (uint64_t n = 0; n < m.n; ++n) {
    long double sum = 0, squares = 0;
    for (uint64_t i = 0; i < x.size(); ++i) {
      const uint64_t k = k_begin + i;
      const long double term =
          static_cast<long double>(x[i]) * m.w[k * m.n + n] * m.scales[k / (m.k / m.groups) * m.n + n];
      sum += term, squares += term * term;
    }
    y[n] = static_cast<double>(sum);
    (*size)[n] = static_cast<double>(std::sqrt(squares));
  }
  return y;
}

std::vector<float> linear_kn(const std::vector<float>& w, uint64_t n, const std::vector<float>& x) {
  std::vector<float> y(n, 0.0f);
  for (uint64_t j = 0; j < n; ++j)
    for (uint64_t chunk = 0; chunk < x.size(); chunk += 2048) {
      float c = 0;
      for (uint64_t k = chunk; k < std::min<uint64_t>(x.size(), chunk + 2048); ++k) c = std::fma(x[k], w[k * n + j], c);
      y[j] += c;
    }
  return y;
}

std::vector<float> linear_nk(const std::vector<float>& w, uint64_t n, const std::vector<float>& x) {
  std::vector<float> y(n);
  for (uint64_t j = 0; j < n; ++j) {
    float lane[16] = {};
    for (uint64_t k = 0; k < x.size(); ++k) lane[k % 16] = std::fma(x[k], w[j * x.size() + k], lane[k % 16]);
    for (int half = 8; half > 0; half /= 2)
      for (int i = 0; i < half; ++i) lane[i] += lane[i + half];
    y[j] = lane[0];
  }
  return y;
}

}  // namespace grok1::cpu::definition
