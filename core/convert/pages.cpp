#include "core/convert/pages.h"

#include <sys/mman.h>

#include <cstdlib>
#include <utility>

#include "core/base/failure.h"

namespace grok1 {

Pages::Pages(uint64_t bytes) : size_(bytes) {
  constexpr uint64_t kHugePage = 2u << 20;
  const uint64_t alignment = bytes < kHugePage ? 4096 : kHugePage;
  void* memory = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  if (memory == nullptr) fail(GROK1_E_OUT_OF_MEMORY, "{} bytes for converting could not be allocated", bytes);
  if (bytes >= kHugePage) madvise(memory, bytes / kHugePage * kHugePage, MADV_HUGEPAGE);  // a wish
  data_ = static_cast<std::byte*>(memory);
}

Pages::~Pages() {
  std::free(data_);
}

Pages::Pages(Pages&& other) noexcept : data_(std::exchange(other.data_, nullptr)), size_(other.size_) {}

}  // namespace grok1
