// How the memory that a conversion may take is divided, and how its tensors are cut into bands that fit.
#pragma once

#include <cstdint>
#include <vector>

#include "core/convert/plan.h"

namespace grok1 {

struct Budget {
  // Of grok1_convert_options.memory_bytes, 0: the default. Throws GROK1_E_INVALID_ARGUMENT if it is too little for
  // anything.
  explicit Budget(uint64_t memory_bytes);

  uint64_t request_bytes;  // six of them are read at a time
  uint64_t band_bytes;     // two
  uint64_t buffer_bytes;   // three, of output
};

// The bands of the tensors from `first` on, in the order of the output. Throws GROK1_E_DOES_NOT_FIT.
std::vector<Band> cut_into_bands(const Plan& plan, size_t first, const Budget& budget);

// Rows of a band that fill a buffer of output.
uint64_t rows_of_buffer(const PlannedTensor& tensor, const Budget& budget);

}  // namespace grok1
