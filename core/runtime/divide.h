// The choice of a division: numbers in, who owns what out. Knows no device, backend or file; asks nobody anything.
#pragma once

#include "core/runtime/budget.h"

namespace grok1 {

// The first division of a model among all these devices that fits, in the order in which it is likely fast; if none
// does, the last one tried, for its figures. Throws GROK1_E_INVALID_ARGUMENT for wishes that contradict each other or
// the devices.
//
// Of several devices the last CPU takes the rest, unless tensor_split gives it a number of its own, or there is but one
// other and the split is not by layers: then it is like the others, which share the model. They get as much as fits, in
// this order: everything; everything but the experts of the first N layers, the smallest N that fits; then only the
// last layers, whose experts are with the CPU too.
Division divide(const std::vector<DeviceBudget>& devices, const ModelShape& shape, const Wishes& wishes);

// The members that have anything to do, ascending: where everything fits elsewhere the CPU has not.
std::vector<uint32_t> busy_members(const Division& division);

// The same division with these members only, renumbered.
Division keep(const Division& division, const std::vector<uint32_t>& members);

}  // namespace grok1
