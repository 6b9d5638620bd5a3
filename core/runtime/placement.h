// Where a model goes: which devices, what each of them owns, and whether it fits there. Reads headers only. The choice
// among given devices is divide.h, its figures are plan.h; here are the lists of devices that are tried.
#pragma once

#include "core/runtime/plan.h"
#include "core/runtime/runtime.h"

namespace grok1 {

struct Placement {
  Limits limits;
  Devices devices;  // [members]
  Division division;
  std::vector<grok1_plan_device> rows;  // [members]
  grok1_plan plan;                      // residency NONE: does not fit
  Devices candidates;                   // the list of devices that these were chosen from
  Wishes wishes;
};

// On the devices that the options name, or on the first of the lists in grok1.h that the model fits on; if it fits on
// none, on the last one. Throws GROK1_E_NO_BACKEND, GROK1_E_UNSUPPORTED, GROK1_E_INVALID_ARGUMENT, what the backend
// throws; not GROK1_E_DOES_NOT_FIT.
Placement place_model(Runtime& runtime, const TensorSource& source, const grok1_model_options& options);

// Fills kv_bytes_per_token and max_context_tokens of the plan, by placing the model with other contexts.
void measure_context(Placement& placement, const TensorSource& source);

// Throws GROK1_E_DOES_NOT_FIT with the figures if it does not.
void require_fit(const Placement& placement);

}  // namespace grok1
