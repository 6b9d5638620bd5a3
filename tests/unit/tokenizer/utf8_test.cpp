#include "core/tokenizer/utf8.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace grok1 {
namespace {

// The definition, turned round: every code point written in its shortest form.
std::string encoded(uint32_t c) {
  const auto tail = [&](int shift) { return static_cast<char>(0x80 | (c >> shift & 0x3F)); };
  if (c < 0x80) return {static_cast<char>(c)};
  if (c < 0x800) return {static_cast<char>(0xC0 | c >> 6), tail(0)};
  if (c < 0x10000) return {static_cast<char>(0xE0 | c >> 12), tail(6), tail(0)};
  return {static_cast<char>(0xF0 | c >> 18), tail(12), tail(6), tail(0)};
}

TEST(Utf8, KnowsEveryCodePoint) {
  for (uint32_t c = 0; c < 0x120000; ++c) {
    const std::string text = encoded(c);
    const bool valid = c < 0xD800 || (c > 0xDFFF && c <= 0x10FFFF);
    ASSERT_EQ(utf8_length(text), valid ? text.size() : 0u) << std::hex << c;
    ASSERT_EQ(utf8_length(text + "x"), valid ? text.size() : 0u);
    if (!valid) continue;
    for (size_t size = 1; size < text.size(); ++size) {
      ASSERT_EQ(utf8_length(text.substr(0, size)), 0u);
      ASSERT_TRUE(utf8_incomplete(text.substr(0, size)));
    }
  }
}

TEST(Utf8, RefusesWhatIsNoCharacter) {
  for (const char* text : {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF",
                           "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\xC3(", "\xE2\x96(", "\xF0\x9F\x9A("}) {
    EXPECT_EQ(utf8_length(text), 0u);
    EXPECT_FALSE(is_utf8(text));
    EXPECT_FALSE(utf8_incomplete(text));
  }
  EXPECT_FALSE(utf8_incomplete("\xED\xA0"));  // no third byte makes a surrogate valid
  EXPECT_FALSE(utf8_incomplete(""));
  EXPECT_TRUE(is_utf8(""));
  EXPECT_FALSE(is_utf8("ab\xE2\x96"));
}

}  // namespace
}  // namespace grok1
