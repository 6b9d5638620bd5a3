// RMS norm of a row, shared by embed and add_norm.
#ifndef GROK1_BACKENDS_REFERENCE_NORM_H
#define GROK1_BACKENDS_REFERENCE_NORM_H

#include <cmath>

#include "backends/reference/weights.h"

namespace grok1::reference {

// Calls out(i, scale[i] * v[i] / sqrt(mean(v^2) + eps)) for i < size.
template <class Out>
void norm(const float* v, const Weight& scale, uint32_t size, double eps, Out&& out) {
  double sum = 0;
  for (uint32_t i = 0; i < size; ++i) sum += double(v[i]) * v[i];
  const double root = std::sqrt(sum / size + eps);
  for (uint32_t i = 0; i < size; ++i) out(i, scale.at(0, i, 0) * v[i] / root);
}

}  // namespace grok1::reference

#endif
