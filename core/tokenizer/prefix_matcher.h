// Finds the longest of a set of strings that a text begins with: how user-defined pieces are met before any merge.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace grok1 {

class PrefixMatcher {
 public:
  PrefixMatcher() = default;
  explicit PrefixMatcher(std::vector<std::string> strings);  // none empty

  // Bytes of the longest match; 0 if there is none.
  size_t match(std::string_view text) const;

 private:
  std::vector<std::string> sorted_;
  std::array<uint32_t, 257> first_{};  // strings that begin with byte b are sorted_[first_[b] .. first_[b + 1])
};

}  // namespace grok1
