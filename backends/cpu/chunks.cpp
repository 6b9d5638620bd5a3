// Cutting K.
#include "backends/cpu/chunks.h"

#include <algorithm>

namespace grok1::cpu {

Chunks cut_into_chunks(uint64_t k_begin, uint64_t k_end, uint64_t group_size) {
  Chunks chunks;
  const uint64_t first_group = k_begin / group_size;
  for (uint64_t k = k_begin; k < k_end;) {
    const uint64_t group = k / group_size;
    const uint64_t group_end = std::min(k_end, (group + 1) * group_size);
    const uint64_t end = std::min(k + kChunk, group_end);
    chunks.list.push_back({static_cast<uint32_t>(k - k_begin), static_cast<uint32_t>(end - k), chunks.blocks,
                           static_cast<uint32_t>(group - first_group), end == group_end});
    chunks.plain = chunks.plain && k - k_begin == uint64_t{chunks.blocks} * kBlock;
    chunks.blocks += static_cast<uint32_t>((end - k + kBlock - 1) / kBlock);
    k = end;
  }
  return chunks;
}

}  // namespace grok1::cpu
