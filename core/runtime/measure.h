// What a device reaches when it does nothing else, asked of its backend.
#pragma once

#include "core/plugin/device.h"

namespace grok1 {

// 0 where the backend cannot say, or has no instruction for it. `read_bytes` as in grok1_model_measure.
grok1_rates measure_rates(const Device& device, uint64_t read_bytes);

}  // namespace grok1
