// Brings weights to their devices, one tensor after the other: in place where the device can use the mapped file,
// otherwise in pieces (weight_pieces.h), which are read or taken from the mapping. How a tensor is stored in its file
// is formats' business, how the device holds it the backend's.
#pragma once

#include <functional>

#include "core/model/weights.h"

namespace grok1 {

// A slice as a load of this kind, GROK1_WEIGHTS_MAPPED or _READ, describes it to the device: with the mapped file or
// without.
grok1_weight_desc as_loaded(grok1_weight_desc slice, uint32_t how);

// Fills `place(tensor, member)` for each tensor and each of the devices that hold some of it.
// Returns whether some weight is used where its file is mapped.
bool fill_weights(const std::vector<std::shared_ptr<Device>>& devices, const TensorSource& source,
                  const Division& division, uint32_t how,
                  const std::function<WeightPtr&(const Tensor& tensor, uint32_t member)>& place,
                  const LoadProgress& progress);

}  // namespace grok1
