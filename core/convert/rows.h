// From rows of a band to rows of the output: numbers that keep their bits are moved, xAI's int8 becomes Q8_0 with its
// own digits where its scales allow that, and all else is encoded from floats and compared with them.
#pragma once

#include "core/convert/errors.h"
#include "core/convert/numbers.h"
#include "core/convert/plan.h"

namespace grok1 {

struct RowJob {
  const PlannedTensor& tensor;
  const BandSource& source;
  const Band& band;
  const float* importance;  // [K] of the band's expert, or NULL
};

// Writes the rows row_begin .. row_end of the band, at most kTileRows, to `out`, where the first of them begins. Throws
// GROK1_E_BAD_FILE for numbers that are not finite where blocks are made of them, and for F16 where it cannot hold one.
Errors convert_rows(const RowJob& job, uint64_t row_begin, uint64_t row_end, TileMemory& memory, std::byte* out);

}  // namespace grok1
