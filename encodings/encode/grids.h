// The values that a digit can stand for, before a scale: evenly spaced integers, or the 16 of IQ4. A grid finds the
// value nearest to a number, and its digit.
#pragma once

#include <cstdint>

#include "encodings/encode/lanes.h"
#include "encodings/iq4.h"

namespace grok1::encodings {
inline namespace GROK1_ENCODINGS_ISA {

// kLow .. kHigh; digit 0 is kLow.
template <int kLow, int kHigh>
struct EvenGrid {
  static constexpr float kFirst = kLow, kLast = kHigh;

  static F4 nearest(F4 x) { return rounded(least(greatest(x, splat(kLow)), splat(kHigh))); }
  static I4 digit(F4 x) { return __builtin_convertvector(nearest(x), I4) - kLow; }
};

struct Iq4Grid {
  static constexpr float kFirst = kIq4Values[0], kLast = kIq4Values[15];

  static F4 nearest(F4 x) {
    F4 value = splat(kFirst);
    for (int i = 1; i < 16; ++i) {
      const F4 step = splat(float(kIq4Values[i] - kIq4Values[i - 1]));
      value += F4((x > middle(i)) & I4(step));
    }
    return value;
  }
  static I4 digit(F4 x) {
    I4 digit = {};
    for (int i = 1; i < 16; ++i) digit -= x > middle(i);
    return digit;
  }

 private:
  static F4 middle(int i) { return splat(0.5f * float(kIq4Values[i] + kIq4Values[i - 1])); }
};

}  // namespace GROK1_ENCODINGS_ISA
}  // namespace grok1::encodings
