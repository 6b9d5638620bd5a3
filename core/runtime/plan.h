// Figures of a placement: what a model takes on each device, asked of the backends without loading anything, in the
// numbers that divide.h chooses by and in the rows that grok1.h shows.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/model/weights.h"
#include "core/runtime/budget.h"
#include "core/runtime/limits.h"

namespace grok1 {

using Devices = std::vector<std::shared_ptr<Device>>;

// What the whole model would take on each of the devices; `how` is GROK1_WEIGHTS_MAPPED or _READ.
std::vector<DeviceBudget> measure(const Devices& devices, const TensorSource& source, const Limits& limits,
                                  uint32_t how);

ModelShape shape_of(const TensorSource& source, size_t n_devices);

// Exactly what the members of a division take, head included; residency says whether it fits.
std::vector<grok1_plan_device> plan_rows(const Devices& devices, const TensorSource& source, const Division& division,
                                         const Limits& limits, uint32_t how);

// Their sum. Head included; residency NONE: does not fit.
grok1_plan plan_of(const Devices& devices, const std::vector<grok1_plan_device>& rows, const TensorSource& source,
                   const Limits& limits, uint32_t split, uint32_t how);

// "cuda:0: attention of layers 0-63, experts 0-7 of layers 20-63, embedding and head; weights 61.2 GiB, ..."
std::string describe(const grok1_plan_device& row);

// "21.9 GiB"
std::string memory_size(uint64_t bytes);

// "cuda:0,cpu", as grok1_model_options.devices takes it.
std::string names_of(const std::vector<grok1_plan_device>& rows);

}  // namespace grok1
