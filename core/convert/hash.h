// FNV-1a with 64 bits: tells whether two things are the same when nobody tries to deceive. Source of the constants:
// draft-eastlake-fnv.
#pragma once

#include <cstdint>
#include <string_view>

namespace grok1 {

class Hash {
 public:
  void add(std::string_view bytes) {
    for (const char c : bytes) value_ = (value_ ^ static_cast<uint8_t>(c)) * 0x100000001b3u;
  }
  void add(uint64_t number) { add({reinterpret_cast<const char*>(&number), sizeof number}); }
  uint64_t value() const { return value_; }

 private:
  uint64_t value_ = 0xcbf29ce484222325u;
};

}  // namespace grok1
