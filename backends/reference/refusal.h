// How a call of this backend fails: as backends/contract/refusal.h says, under the name "reference".
#ifndef GROK1_BACKENDS_REFERENCE_REFUSAL_H
#define GROK1_BACKENDS_REFERENCE_REFUSAL_H

#include "backends/contract/arguments.h"
#include "backends/contract/support.h"

namespace grok1::reference {

using namespace contract;

constexpr Offer kOffer{"reference", true};

template <class Body>
grok1_status guarded(grok1_error* err, const Body& body) noexcept {
  return contract::guarded("reference", err, body);
}

}  // namespace grok1::reference

#endif
