// Q2_K, Q4_K and Q5_K alike: groups of weights, each with an integer scale and an integer minimum of kMost at most; the
// scales share one f16 d, the minima one f16 dmin. The best line of each group alone comes first (line_search.h); then
// d, dmin and the integers are improved in turn, each choice judged by the error that decoding will have.
#pragma once

#include "encodings/encode/line_search.h"

namespace grok1::encodings {
inline namespace GROK1_ENCODINGS_ISA {

template <int kGroups>
struct LinedGroups {
  float d, dmin;  // in units of the block
  int scale[kGroups], minimum[kGroups];
  uint8_t digit[256];
};

template <int kTop, int kGroups, int kMost>
class LinedGroupsSearch {
 public:
  static constexpr int kLength = 256 / kGroups, kRows = kGroups / 4;

  explicit LinedGroupsSearch(const Block<256>& block) : block_(block) {
    for (int row = 0; row < kRows; ++row) lanes_[row] = block.template groups<kLength>(4 * row);
  }

  template <int kTried>
  LinedGroups<kGroups> run(const Ends (&tried)[kTried], int turns) {
    for (int row = 0; row < kRows; ++row) wanted_[row] = search_line<kTop>(lanes_[row], tried, true);
    F4 scale = {}, low = {};
    for (const Line& line : wanted_) scale = greatest(scale, line.scale), low = least(low, line.low);
    float d = block_.to_half_scale(largest(scale) / kMost);
    float dmin = block_.to_half_scale(largest(-low) / kMost);
    for (int turn = 0; turn < turns; ++turn) {
      now_.d = d, now_.dmin = dmin;
      choose_integers();
      if (now_.error < best_.error) best_ = now_;
      improve_steps(d, dmin);
      if (d == now_.d && dmin == now_.dmin) break;
    }
    return digits_of(best_);
  }

 private:
  // Integers for every group, what they are multiples of, and the block's error.
  struct Integers {
    float d = 0, dmin = 0, error = __builtin_inff();
    F4 scale[kRows] = {}, minimum[kRows] = {};
  };

  static float largest(F4 x) {
    const float a = x[0] > x[1] ? x[0] : x[1], b = x[2] > x[3] ? x[2] : x[3];
    return a > b ? a : b;
  }

  static F4 integer(F4 x) { return least(greatest(x, splat(0)), splat(kMost)); }

  // The best integers for now_.d and now_.dmin, the sums of their fits to fit_, the lines that groups want to wanted_.
  void choose_integers() {
    now_.error = 0;
    for (int row = 0; row < kRows; ++row) {
      const F4 scale = rounded(ratio(wanted_[row].scale, splat(now_.d)));
      const F4 minimum = rounded(ratio(-wanted_[row].low, splat(now_.dmin)));
      fit_[row] = {};
      for (int i = 0; i < 9; ++i) {
        const F4 a = integer(scale + float(i / 3 - 1)), b = integer(minimum + float(i % 3 - 1));
        const LineFit fit = fit_line<kTop>(lanes_[row], {a * now_.d, b * -now_.dmin});
        const I4 better = fit.error < fit_[row].error;
        fit_[row] = better_of(better, fit, fit_[row]);
        now_.scale[row] = better ? a : now_.scale[row];
        now_.minimum[row] = better ? b : now_.minimum[row];
      }
      now_.error += sum(fit_[row].error);
      wanted_[row] = fit_[row].better(true);
    }
  }

  // Least squares for d and dmin, with integers and digits as they are.
  void improve_steps(float& d, float& dmin) const {
    double dd = 0, dm = 0, mm = 0, to_d = 0, to_m = 0;
    for (int row = 0; row < kRows; ++row) {
      const F4 a = now_.scale[row], b = now_.minimum[row];
      dd += sum(a * a * fit_[row].wqq), dm -= sum(a * b * fit_[row].wq), mm += sum(b * b * fit_[row].w);
      to_d += sum(a * fit_[row].wrq), to_m -= sum(b * fit_[row].wr);
    }
    const double determinant = dd * mm - dm * dm;
    if (determinant > 1e-5 * dd * mm) {
      d = block_.to_half_scale(float(d + (mm * to_d - dm * to_m) / determinant));
      dmin = block_.to_half_scale(float(dmin + (dd * to_m - dm * to_d) / determinant));
    } else if (mm == 0 && dd > 0) {
      d = block_.to_half_scale(float(d + to_d / dd));
    }
  }

  LinedGroups<kGroups> digits_of(const Integers& integers) const {
    LinedGroups<kGroups> result;
    result.d = integers.d, result.dmin = integers.dmin;
    for (int row = 0; row < kRows; ++row) {
      const F4 inverse = ratio(splat(1), integers.scale[row] * integers.d),
               low = integers.minimum[row] * -integers.dmin;
      for (int lane = 0; lane < 4; ++lane) {
        result.scale[4 * row + lane] = int(integers.scale[row][lane]);
        result.minimum[4 * row + lane] = int(integers.minimum[row][lane]);
      }
      for (int i = 0; i < kLength; ++i) {
        const I4 digit = EvenGrid<0, kTop>::digit((lanes_[row].x[i] - low) * inverse);
        for (int lane = 0; lane < 4; ++lane) result.digit[(4 * row + lane) * kLength + i] = uint8_t(digit[lane]);
      }
    }
    return result;
  }

  const Block<256>& block_;
  Lanes<kLength> lanes_[kRows];
  Line wanted_[kRows];  // lines, as real numbers
  LineFit fit_[kRows];
  Integers now_, best_;
};

}  // namespace GROK1_ENCODINGS_ISA
}  // namespace grok1::encodings
