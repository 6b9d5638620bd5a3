// The kernels of both wave sizes, by the device's.
#include "backends/gpu/kernels/kernels.h"

namespace grok1::accel {
namespace wave32 {
extern const Kernels kKernels;
}
namespace wave64 {
extern const Kernels kKernels;
}

const Kernels& kernels_of(int wave) {
  return wave == 32 ? wave32::kKernels : wave64::kKernels;
}

}  // namespace grok1::accel
