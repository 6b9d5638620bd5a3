// How a call of this backend fails: as backends/contract/refusal.h says, under the name "cpu".
#ifndef GROK1_BACKENDS_CPU_REFUSAL_H
#define GROK1_BACKENDS_CPU_REFUSAL_H

#include "backends/contract/arguments.h"
#include "backends/contract/support.h"

namespace grok1::cpu {

using namespace contract;

constexpr Offer kOffer{"CPU", true};

template <class Body>
grok1_status guarded(grok1_error* err, const Body& body) noexcept {
  return contract::guarded("cpu", err, body);
}

}  // namespace grok1::cpu

#endif
