// Q3_K, Q6_K and IQ4_XS alike: groups of weights, each with an integer scale, all of which share one f16 d. The best
// scale of each group alone comes first (scale_search.h); then d and the integers are improved in turn, each choice
// judged by the error that decoding will have. Knows nothing of where the bits go.
#pragma once

#include "encodings/encode/scale_search.h"

namespace grok1::encodings {
inline namespace GROK1_ENCODINGS_ISA {

template <int kGroups>
struct ScaledGroups {
  float d;  // in units of the block
  int scale[kGroups];
  uint8_t digit[256];
};

// Integers kLow .. kHigh times d for every group, and the block's error.
template <int kGroups>
struct IntegerScales {
  float d = 0, error = __builtin_inff();
  F4 scale[kGroups / 4] = {};
};

template <class Grid, int kGroups, int kLow, int kHigh>
class ScaledGroupsSearch {
 public:
  static constexpr int kLength = 256 / kGroups, kRows = kGroups / 4;

  explicit ScaledGroupsSearch(const Block<256>& block) : block_(block) {
    for (int row = 0; row < kRows; ++row) lanes_[row] = block.template groups<kLength>(4 * row);
  }

  template <int kEnds>
  ScaledGroups<kGroups> run(const float (&ends)[kEnds], int turns) {
    for (int row = 0; row < kRows; ++row) wanted_[row] = search_scale<Grid>(lanes_[row], ends);
    IntegerScales<kGroups> best;
    float d = block_.to_half_scale(largest_wanted() * (1.0f / kLow));
    for (int turn = 0; turn < turns && d != 0; ++turn) {
      const float next = block_.to_half_scale(choose_integers(d));
      if (now_.error < best.error) best = now_;
      if (next == d) break;
      d = next;
    }
    return digits_of(best);
  }

 private:
  float largest_wanted() const {
    float largest = 0;
    for (const F4& row : wanted_) {
      for (int lane = 0; lane < 4; ++lane)
        if (__builtin_fabsf(row[lane]) > __builtin_fabsf(largest)) largest = row[lane];
    }
    return largest;
  }

  // The best integers for d, to now_; the scales that groups want with their new digits, to wanted_. Returns a better
  // d.
  float choose_integers(float d) {
    now_.d = d, now_.error = 0;
    float up = 0, down = 0;
    for (int row = 0; row < kRows; ++row) {
      const F4 middle = rounded(wanted_[row] * (1 / d));
      ScaleFit best;
      for (int i = 0; i < 3; ++i) {
        const F4 integer = least(greatest(middle + float(i - 1), splat(kLow)), splat(kHigh));
        const ScaleFit fit = fit_scale<Grid>(lanes_[row], integer * d);
        const I4 better = fit.error < best.error;
        best = better_of(better, fit, best);
        now_.scale[row] = better ? integer : now_.scale[row];
      }
      now_.error += sum(best.error);
      up += sum(now_.scale[row] * best.wrq);
      down += sum(now_.scale[row] * now_.scale[row] * best.wqq);
      wanted_[row] = best.better_scale();
    }
    return down > 0 ? d + up / down : d;
  }

  ScaledGroups<kGroups> digits_of(const IntegerScales<kGroups>& scales) const {
    ScaledGroups<kGroups> result;
    result.d = scales.d;
    for (int row = 0; row < kRows; ++row) {
      const F4 inverse = ratio(splat(1), scales.scale[row] * scales.d);
      for (int lane = 0; lane < 4; ++lane) result.scale[4 * row + lane] = int(scales.scale[row][lane]);
      for (int i = 0; i < kLength; ++i) {
        const I4 digit = Grid::digit(lanes_[row].x[i] * inverse);
        for (int lane = 0; lane < 4; ++lane) result.digit[(4 * row + lane) * kLength + i] = uint8_t(digit[lane]);
      }
    }
    return result;
  }

  const Block<256>& block_;
  Lanes<kLength> lanes_[kRows];
  F4 wanted_[kRows] = {};  // scales, as real numbers
  IntegerScales<kGroups> now_;
};

}  // namespace GROK1_ENCODINGS_ISA
}  // namespace grok1::encodings
