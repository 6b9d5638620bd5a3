// The type of every size that was read from a file: arithmetic that would wrap throws instead.
#pragma once

#include <cstdint>

#include "core/base/failure.h"

namespace grok1 {

class CheckedSize {
 public:
  constexpr CheckedSize(uint64_t value) : value_(value) {}  // NOLINT(google-explicit-constructor): that is its use
  constexpr uint64_t value() const { return value_; }

  friend CheckedSize operator+(CheckedSize a, CheckedSize b) {
    uint64_t sum;
    if (__builtin_add_overflow(a.value_, b.value_, &sum))
      fail(GROK1_E_BAD_FILE, "size overflow: {} + {}", a.value_, b.value_);
    return sum;
  }
  friend CheckedSize operator*(CheckedSize a, CheckedSize b) {
    uint64_t product;
    if (__builtin_mul_overflow(a.value_, b.value_, &product)) {
      fail(GROK1_E_BAD_FILE, "size overflow: {} x {}", a.value_, b.value_);
    }
    return product;
  }

 private:
  uint64_t value_;
};

}  // namespace grok1
