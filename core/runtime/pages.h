// Which pages of a session's KV pool are free, and how many sequences share each of the others. Numbers only; the
// pages' contents are the backend's.
#pragma once

#include <cstdint>
#include <vector>

namespace grok1 {

class PagePool {
 public:
  explicit PagePool(uint32_t n_pages) : n_owners_(n_pages, 0), free_(n_pages) {
    for (uint32_t i = 0; i < n_pages; ++i) free_[i] = n_pages - 1 - i;
  }

  uint32_t size() const { return static_cast<uint32_t>(n_owners_.size()); }
  uint32_t n_free() const { return static_cast<uint32_t>(free_.size()); }
  uint32_t n_owners(uint32_t page) const { return n_owners_[page]; }

  // A free page, with one owner; the caller has checked that there is one.
  uint32_t take() {
    const uint32_t page = free_.back();
    free_.pop_back();
    n_owners_[page] = 1;
    return page;
  }
  void share(uint32_t page) { ++n_owners_[page]; }
  void give_back(uint32_t page) {
    if (--n_owners_[page] == 0) free_.push_back(page);  // never grows beyond its first size: allocates nothing
  }

 private:
  std::vector<uint32_t> n_owners_;
  std::vector<uint32_t> free_;
};

}  // namespace grok1
