// How a call of this backend fails: as backends/contract/refusal.h says, under the vendor's name; and failures of the
// vendor's runtime become refusals.
#ifndef GROK1_BACKENDS_GPU_REFUSAL_H
#define GROK1_BACKENDS_GPU_REFUSAL_H

#include "backends/contract/arguments.h"
#include "backends/contract/support.h"
#include "vendor/runtime.h"

namespace grok1::accel {

using namespace contract;

constexpr Offer kOffer{"GPU", false};

[[noreturn]] void refuse_for(const gpu::Error& error);

template <class Body>
grok1_status guarded(grok1_error* err, const Body& body) noexcept {
  return contract::guarded(gpu::kId, err, [&] {
    try {
      body();
    } catch (const gpu::Error& error) {
      refuse_for(error);
    }
  });
}

}  // namespace grok1::accel

#endif
