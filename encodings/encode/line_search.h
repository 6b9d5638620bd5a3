// The search for a scale and an offset: weights x are to become low + scale * q with q = 0 .. kTop, and the sum of
// w (x - low - scale q)^2 shall be least. As scale_search.h, with straight lines in the place of scales.
#pragma once

#include "encodings/encode/scale_search.h"

namespace grok1::encodings {
inline namespace GROK1_ENCODINGS_ISA {

struct Line {
  F4 scale = {}, low = {};
};

// What the digits nearest to a line give: the error, and with r = x - low - scale q the sums that say how to improve
// it.
struct LineFit {
  Line line;
  F4 error = infinite(), wr = {}, wrq = {}, w = {}, wq = {}, wqq = {};

  // The line that is best for these digits; with `below_zero`, among those with low <= 0.
  Line better(bool below_zero) const {
    const F4 determinant = w * wqq - wq * wq;
    Line better = {line.scale + ratio(w * wrq - wq * wr, determinant),
                   line.low + ratio(wqq * wr - wq * wrq, determinant)};
    const I4 steady = determinant > 1e-5f * w * wqq;  // else the digits are all alike
    better = {steady ? better.scale : line.scale, steady ? better.low : line.low};
    if (!below_zero) return better;
    const I4 above = better.low > 0.0f;
    const F4 through_zero = line.scale + ratio(wrq + line.low * wq, wqq);
    return {above ? through_zero : better.scale, above ? splat(0) : better.low};
  }

  // The error of another line with these digits.
  F4 error_of(const Line& other) const {
    const F4 a = other.scale - line.scale, b = other.low - line.low;
    return error - 2 * (a * wrq + b * wr) + a * a * wqq + 2 * a * b * wq + b * b * w;
  }
};

inline LineFit better_of(I4 first, const LineFit& a, const LineFit& b) {
  return {{first ? a.line.scale : b.line.scale, first ? a.line.low : b.line.low},
          first ? a.error : b.error,
          first ? a.wr : b.wr,
          first ? a.wrq : b.wrq,
          first ? a.w : b.w,
          first ? a.wq : b.wq,
          first ? a.wqq : b.wqq};
}

template <int kTop, int kLength>
LineFit fit_line(const Lanes<kLength>& lanes, Line line) {
  LineFit fit{line, {}, {}, {}, {}, {}, {}};
  const F4 inverse = ratio(splat(1), line.scale);
  for (int i = 0; i < kLength; ++i) {
    const F4 above = lanes.x[i] - line.low;
    const F4 q = EvenGrid<0, kTop>::nearest(above * inverse);
    const F4 r = above - line.scale * q;
    const F4 wr = lanes.w[i] * r, wq = lanes.w[i] * q;
    fit.error += wr * r;
    fit.wr += wr;
    fit.wrq += wr * q;
    fit.w += lanes.w[i];
    fit.wq += wq;
    fit.wqq += wq * q;
  }
  return fit;
}

// Fractions of a group's lowest and highest weight where a line that is tried begins and ends.
struct Ends {
  float low, high;
};

template <int kTop, int kLength, int kTried>
Line search_line(const Lanes<kLength>& lanes, const Ends (&tried)[kTried], bool below_zero) {
  F4 high = lanes.x[0], low = lanes.x[0];
  for (int i = 1; i < kLength; ++i) high = greatest(high, lanes.x[i]), low = least(low, lanes.x[i]);
  if (below_zero) low = least(low, splat(0));
  LineFit best;
  F4 least_error = infinite();
  for (int i = 0; i < kTried; ++i) {
    const F4 middle = 0.5f * (low + high), reach = 0.5f * (high - low);
    const F4 from = middle - reach * tried[i].low, to = middle + reach * tried[i].high;
    const LineFit fit = fit_line<kTop>(lanes, {(to - from) * (1.0f / kTop), below_zero ? least(from, splat(0)) : from});
    const F4 error = fit.error_of(fit.better(below_zero));
    const I4 better = error < least_error;
    best = better_of(better, fit, best);
    least_error = better ? error : least_error;
  }
  for (int i = 0; i < 2; ++i) best = fit_line<kTop>(lanes, best.better(below_zero));
  return best.better(below_zero);
}

}  // namespace GROK1_ENCODINGS_ISA
}  // namespace grok1::encodings
