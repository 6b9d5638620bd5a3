// The search for a scale: weights x are to become scale * q with q of a grid, and the sum of w (x - scale q)^2 shall be
// least. Scales are tried, in four lanes at once; for each, the best digits follow, and for these digits the best scale
// has a closed form. Knows nothing of how a scale is stored.
#pragma once

#include "encodings/encode/block.h"
#include "encodings/encode/grids.h"

namespace grok1::encodings {
inline namespace GROK1_ENCODINGS_ISA {

// What the digits nearest to a scale give: the error, and with r = x - scale q the sums that say how to improve the
// scale.
struct ScaleFit {
  F4 scale = {}, error = infinite(), wrq = {}, wqq = {};

  F4 better_scale() const { return scale + ratio(wrq, wqq); }
  F4 better_error() const { return error - wrq * ratio(wrq, wqq); }
};

inline ScaleFit better_of(I4 first, const ScaleFit& a, const ScaleFit& b) {
  return {first ? a.scale : b.scale, first ? a.error : b.error, first ? a.wrq : b.wrq, first ? a.wqq : b.wqq};
}

template <class Grid, int kLength>
ScaleFit fit_scale(const Lanes<kLength>& lanes, F4 scale) {
  ScaleFit fit{scale, {}, {}, {}};
  const F4 inverse = ratio(splat(1), scale);
  for (int i = 0; i < kLength; ++i) {
    const F4 q = Grid::nearest(lanes.x[i] * inverse);
    const F4 r = lanes.x[i] - scale * q;
    const F4 wr = lanes.w[i] * r, wq = lanes.w[i] * q;
    fit.error += wr * r;
    fit.wrq += wr * q;
    fit.wqq += wq * q;
  }
  return fit;
}

// The weight of largest magnitude in each lane, with its sign.
template <int kLength>
F4 extreme(const Lanes<kLength>& lanes) {
  F4 high = lanes.x[0], low = lanes.x[0];
  for (int i = 1; i < kLength; ++i) high = greatest(high, lanes.x[i]), low = least(low, lanes.x[i]);
  return high > -low ? high : low;
}

// The best scale of each lane's group: the extreme is put on each of `ends` in turn, then the best is improved.
template <class Grid, int kLength, int kEnds>
F4 search_scale(const Lanes<kLength>& lanes, const float (&ends)[kEnds]) {
  const F4 largest = extreme(lanes);
  ScaleFit best = fit_scale<Grid>(lanes, largest * (1 / ends[0]));
  for (int i = 1; i < kEnds; ++i) {
    const ScaleFit fit = fit_scale<Grid>(lanes, largest * (1 / ends[i]));
    best = better_of(fit.better_error() < best.better_error(), fit, best);
  }
  best = fit_scale<Grid>(lanes, best.better_scale());
  return best.better_scale();
}

}  // namespace GROK1_ENCODINGS_ISA
}  // namespace grok1::encodings
