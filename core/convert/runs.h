// Where the numbers of a rectangle of a stored array lie in files, as pieces that are read one by one, and how a piece
// comes to its place in memory. The files may have the rectangle in several parts, and be cut at any byte.
#pragma once

#include <cstddef>
#include <vector>

#include "core/formats/tensor_source.h"

namespace grok1 {

// Of one expert, in elements.
struct Rectangle {
  uint32_t expert = 0;
  uint64_t outer_begin = 0, outer_end = 0, inner_begin = 0, inner_end = 0;
};

// Bytes of a file that belong to some columns of consecutive rows, row behind row, or some of these bytes.
struct Run {
  FileRange range;
  uint64_t first;              // of the bytes, counted from the first row's column
  uint64_t row_bytes, stride;  // of a row's columns, here and in the rectangle
  uint64_t to;                 // where the first row's column is in the rectangle's memory
};

// Appends the runs of a rectangle, each of at most `most_bytes`.
void add_runs(std::vector<Run>& runs, const StoredArray& array, const Rectangle& rectangle, uint64_t most_bytes);

void place_run(const Run& run, const std::byte* bytes, std::byte* rectangle);

}  // namespace grok1
