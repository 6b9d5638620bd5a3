#include "core/convert/runs.h"

#include <algorithm>
#include <cstring>

#include "core/base/encoding.h"

namespace grok1 {
namespace {

// The rows of a part that lie in the rectangle, and the bytes of their columns.
struct Overlap {
  uint64_t outer_begin, outer_end, inner_begin, inner_end;
  bool is_empty() const { return outer_begin >= outer_end || inner_begin >= inner_end; }
};

Overlap overlap_of(const TensorPart& part, const Rectangle& r) {
  if (r.expert < part.expert_begin || r.expert >= part.expert_end) return {0, 0, 0, 0};
  return {std::max(part.outer_begin, r.outer_begin), std::min(part.outer_end, r.outer_end),
          std::max(part.inner_begin, r.inner_begin), std::min(part.inner_end, r.inner_end)};
}

void add_span(std::vector<Run>& runs, const JoinedFile& file, uint64_t offset, uint64_t size, const Run& of,
              uint64_t most_bytes) {
  for (uint64_t first = 0; first < size;) {
    for (const FileRange& range : file.ranges(offset + first, std::min(most_bytes, size - first))) {
      runs.push_back({range, first, of.row_bytes, of.stride, of.to});
      first += range.size;
    }
  }
}

void add_part(std::vector<Run>& runs, uint32_t encoding, const TensorPart& part, const Rectangle& r,
              uint64_t most_bytes) {
  const Overlap here = overlap_of(part, r);
  if (here.is_empty()) return;
  const uint64_t row = encoded_bytes(encoding, part.inner_end - part.inner_begin);
  const uint64_t columns = encoded_bytes(encoding, here.inner_end - here.inner_begin);
  const uint64_t stride = encoded_bytes(encoding, r.inner_end - r.inner_begin);
  uint64_t offset = part.offset + (r.expert - part.expert_begin) * part.expert_stride +
                    (here.outer_begin - part.outer_begin) * row +
                    encoded_bytes(encoding, here.inner_begin - part.inner_begin);
  Run of{{},
         0,
         columns,
         stride,
         (here.outer_begin - r.outer_begin) * stride + encoded_bytes(encoding, here.inner_begin - r.inner_begin)};
  const uint64_t rows = here.outer_end - here.outer_begin;
  if (columns == row) return add_span(runs, *part.file, offset, rows * row, of, most_bytes);
  for (uint64_t i = 0; i < rows; ++i, offset += row, of.to += stride)
    add_span(runs, *part.file, offset, columns, of, most_bytes);
}

}  // namespace

void add_runs(std::vector<Run>& runs, const StoredArray& array, const Rectangle& rectangle, uint64_t most_bytes) {
  for (const TensorPart& part : array.parts) add_part(runs, array.encoding, part, rectangle, most_bytes);
}

void place_run(const Run& run, const std::byte* bytes, std::byte* rectangle) {
  if (run.row_bytes == run.stride) {
    std::memcpy(rectangle + run.to + run.first, bytes, run.range.size);
    return;
  }
  for (uint64_t done = 0; done < run.range.size;) {
    const uint64_t row = (run.first + done) / run.row_bytes, at = (run.first + done) % run.row_bytes;
    const uint64_t size = std::min(run.row_bytes - at, run.range.size - done);
    std::memcpy(rectangle + run.to + row * run.stride + at, bytes + done, size);
    done += size;
  }
}

}  // namespace grok1
