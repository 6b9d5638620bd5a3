// Where a model goes: which device, and whether it fits there. Reads headers only. Today a model is placed on one
// device.
#pragma once

#include <optional>

#include "core/model/weights.h"
#include "core/runtime/limits.h"
#include "core/runtime/runtime.h"

namespace grok1 {

struct Placement {
  Limits limits;
  std::shared_ptr<Device> device;
  grok1_plan plan;  // head included; residency NONE: does not fit
};

// The device that the options name, or the best one that the model fits on; if it fits on none, the last one tried.
// Throws GROK1_E_NO_BACKEND, GROK1_E_UNSUPPORTED, what the backend throws; not GROK1_E_DOES_NOT_FIT.
Placement place_model(Runtime& runtime, const TensorSource& source, const grok1_model_options& options);

// Throws GROK1_E_DOES_NOT_FIT with the figures if it does not.
void require_fit(const Placement& placement);

}  // namespace grok1
