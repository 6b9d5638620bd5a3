#include "core/tokenizer/prefix_matcher.h"

#include <algorithm>

namespace grok1 {
namespace {

unsigned char byte_at(std::string_view text, size_t index) {
  return static_cast<unsigned char>(text[index]);
}

}  // namespace

PrefixMatcher::PrefixMatcher(std::vector<std::string> strings) : sorted_(std::move(strings)) {
  std::sort(sorted_.begin(), sorted_.end());  // char_traits<char> compares as unsigned char
  for (const std::string& string : sorted_) ++first_[byte_at(string, 0) + 1u];
  for (size_t i = 1; i < first_.size(); ++i) first_[i] += first_[i - 1];
}

size_t PrefixMatcher::match(std::string_view text) const {
  if (text.empty()) return 0;
  auto begin = sorted_.begin() + first_[byte_at(text, 0)];
  auto end = sorted_.begin() + first_[byte_at(text, 0) + 1u];
  size_t longest = 0;
  // All of [begin, end) share the first `depth` bytes with the text; one of exactly that length comes first.
  for (size_t depth = 1; begin != end; ++depth) {
    if (begin->size() == depth) {
      longest = depth;
      ++begin;
    }
    if (depth == text.size()) break;
    const unsigned char byte = byte_at(text, depth);
    begin = std::partition_point(begin, end, [&](const std::string& s) { return byte_at(s, depth) < byte; });
    end = std::partition_point(begin, end, [&](const std::string& s) { return byte_at(s, depth) == byte; });
  }
  return longest;
}

}  // namespace grok1
