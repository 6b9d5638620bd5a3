// What a conversion will write: each tensor with its name, shape, encoding and place, and the headers of the files.
// Made from headers alone; the same plan is what a dry run reports.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/convert/matrix.h"
#include "core/convert/types.h"
#include "core/formats/gguf_writer.h"

namespace grok1 {

struct PlannedTensor {
  Matrix matrix;
  std::string name;  // as GGUF has it
  uint32_t encoding = 0;
  uint32_t wanted = 0;  // differs from `encoding` where rows are no whole number of blocks
  GgufPlace place;

  bool is_moved() const;           // the numbers' bits are kept as they are, in another order perhaps
  uint64_t row_bytes() const;      // of the output
  uint64_t source_column() const;  // bytes of a row's numbers in the source
};

struct Plan {
  std::vector<PlannedTensor> tensors;
  GgufLayout layout;
};

// `vocabulary` may be NULL. Throws GROK1_E_INVALID_ARGUMENT, GROK1_E_UNSUPPORTED (an encoding that cannot be made).
Plan plan_conversion(const TensorSource& source, const VocabularyPieces* vocabulary, const TypeChoice& types,
                     uint64_t shard_bytes);

}  // namespace grok1
