#include "core/tokenizer/prefix_matcher.h"

#include <gtest/gtest.h>

#include <random>

namespace grok1 {
namespace {

TEST(PrefixMatcher, FindsTheLongest) {
  const PrefixMatcher matcher({"\n", "\n\n", "<|a|>", "<|ab|>", "ab", "abcd", "\xFF"});
  EXPECT_EQ(matcher.match(""), 0u);
  EXPECT_EQ(matcher.match("x\n"), 0u);
  EXPECT_EQ(matcher.match("\n"), 1u);
  EXPECT_EQ(matcher.match("\n\n\n"), 2u);
  EXPECT_EQ(matcher.match("<|ab|>"), 6u);
  EXPECT_EQ(matcher.match("<|ab|"), 0u);
  EXPECT_EQ(matcher.match("abc"), 2u);
  EXPECT_EQ(matcher.match("abcde"), 4u);
  EXPECT_EQ(matcher.match("a"), 0u);
  EXPECT_EQ(matcher.match("\xFF\xFF"), 1u);
  EXPECT_EQ(PrefixMatcher().match("a"), 0u);
}

TEST(PrefixMatcher, AgreesWithASearchOfAll) {
  std::mt19937_64 random(7);
  const auto any = [&](size_t longest) {
    std::string text(1 + random() % longest, '\0');
    for (char& c : text) c = "ab\xC3\x01"[random() % 4];
    return text;
  };
  for (int round = 0; round < 300; ++round) {
    std::vector<std::string> strings(random() % 12);
    for (std::string& string : strings) string = any(5);
    const PrefixMatcher matcher(strings);
    for (int i = 0; i < 50; ++i) {
      const std::string text = any(8);
      size_t longest = 0;
      for (const std::string& string : strings) {
        if (text.starts_with(string)) longest = std::max(longest, string.size());
      }
      ASSERT_EQ(matcher.match(text), longest);
    }
  }
}

}  // namespace
}  // namespace grok1
