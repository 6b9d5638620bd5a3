// The floating-point state in which operators work: round to nearest, subnormal numbers kept, no traps. The calling
// thread gets its own back, flags included.
#ifndef GROK1_BACKENDS_CPU_FLOAT_STATE_H
#define GROK1_BACKENDS_CPU_FLOAT_STATE_H

#include <xmmintrin.h>

#include "backends/cpu/refusal.h"

namespace grok1::cpu {

class FloatState {
 public:
  FloatState() : saved_(_mm_getcsr()) { _mm_setcsr(0x1f80); }  // the processor's state after reset
  ~FloatState() { _mm_setcsr(saved_); }
  FloatState(const FloatState&) = delete;
  FloatState& operator=(const FloatState&) = delete;

 private:
  unsigned saved_;
};

// guarded() for calls that compute.
template <class Body>
grok1_status computing(grok1_error* err, const Body& body) noexcept {
  const FloatState state;
  return guarded(err, body);
}

}  // namespace grok1::cpu

#endif
