// Anonymous memory in huge pages, where the system has them: a band is read in columns, a page for each of its rows.
#pragma once

#include <cstddef>
#include <cstdint>

namespace grok1 {

class Pages {
 public:
  // Throws GROK1_E_OUT_OF_MEMORY.
  explicit Pages(uint64_t bytes);
  ~Pages();
  Pages(Pages&& other) noexcept;
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;
  Pages& operator=(Pages&&) = delete;

  std::byte* data() const { return data_; }
  uint64_t size() const { return size_; }

 private:
  std::byte* data_ = nullptr;
  uint64_t size_ = 0;
};

}  // namespace grok1
