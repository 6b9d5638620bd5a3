// How the stored pieces of one tensor are put together: an expert's matrix among the others, the shards of
// tensor-parallel ranks along the axis that the role has cut. The format: docs/formats/safetensors.md.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/formats/hf_names.h"
#include "core/formats/safetensors.h"

namespace grok1 {

// A stored tensor and the file that it lies in.
struct HfPiece {
  const JoinedFile* file = nullptr;
  SafetensorsEntry entry;
  std::optional<uint32_t> rank;  // nothing: the whole
};

// Adds to `array`, whose shape is the whole tensor's, the parts that `pieces` are: of one expert, in the order of
// ranks, 0 to ranks - 1 or one without rank. Throws GROK1_E_BAD_FILE, GROK1_E_UNSUPPORTED (a type that no model has).
void add_hf_parts(StoredArray& array, const HfName& name, const std::vector<HfPiece>& pieces, uint32_t ranks);

// Whether two matrices of equal shape have equal bytes; both are in pieces of whole rows, in order.
bool same_rows(const StoredArray& a, const StoredArray& b);

}  // namespace grok1
