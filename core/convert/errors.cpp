#include "core/convert/errors.h"

#include <cmath>

namespace grok1 {
namespace {

constexpr uint64_t kLanes = 8;  // sums side by side, which the compiler keeps in vectors

struct Sums {
  float squares[kLanes] = {}, errors[kLanes] = {}, magnitude[kLanes] = {}, error[kLanes] = {};

  void add(float x, float y, uint64_t lane) {
    const float d = x - y, a = std::fabs(x), e = std::fabs(d);
    squares[lane] += x * x;
    errors[lane] += d * d;
    magnitude[lane] = magnitude[lane] > a ? magnitude[lane] : a;
    error[lane] = error[lane] > e ? error[lane] : e;
  }
};

// Numbers that stand alone are blocks of their own.
void compare_singles(Errors& all, const float* x, const float* y, uint64_t n) {
  Sums sums;
  float largest = 0;
  uint64_t inexact = 0;
  for (uint64_t i = 0; i < n; ++i) {
    sums.add(x[i], y[i], i % kLanes);
    const float error = std::fabs(x[i] - y[i]);
    if (!(error > 0)) continue;
    ++inexact;
    largest = std::max(largest, error / std::fabs(x[i]));
  }
  for (uint64_t lane = 0; lane < kLanes; ++lane) {
    all.squares += static_cast<double>(sums.squares[lane]);
    all.squared_errors += static_cast<double>(sums.errors[lane]);
  }
  all.blocks += n;
  all.inexact += inexact;
  all.largest = std::max(all.largest, static_cast<double>(largest));
}

}  // namespace

void Errors::compare(const float* x, const float* y, uint64_t n, uint64_t block) {
  if (block == 1) return compare_singles(*this, x, y, n);
  for (uint64_t begin = 0; begin < n; begin += block) {
    Sums sums;
    for (uint64_t i = 0; i < block; i += kLanes)  // every block is a multiple
      for (uint64_t lane = 0; lane < kLanes; ++lane) sums.add(x[begin + i + lane], y[begin + i + lane], lane);
    float magnitude = 0, error = 0;
    for (uint64_t lane = 0; lane < kLanes; ++lane) {
      squares += static_cast<double>(sums.squares[lane]);
      squared_errors += static_cast<double>(sums.errors[lane]);
      magnitude = std::max(magnitude, sums.magnitude[lane]);
      error = std::max(error, sums.error[lane]);
    }
    ++blocks;
    if (error == 0) continue;
    ++inexact;
    largest = std::max(largest, static_cast<double>(error) / static_cast<double>(magnitude));
  }
}

}  // namespace grok1
