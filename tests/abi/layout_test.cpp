// The layout that the library reports (and that bindings compare with their own) against the one stored for this minor
// version, which was made from the header alone (layout_of_header.sh).
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include "grok1.h"

namespace {

// "struct NAME" -> "TYPE SIZE", "NAME.FIELD" -> "OFFSET SIZE", "value NAME" -> "NUMBER". The order of structs and
// values is nobody's concern; a field belongs to the struct before it.
std::map<std::string, std::string> parse(std::istream& in) {
  std::map<std::string, std::string> layout;
  std::string line, kind, name, numbers, current;
  while (std::getline(in, line)) {
    std::istringstream words(line);
    words >> kind >> name;
    std::getline(words >> std::ws, numbers);
    if (kind == "struct") current = name;
    const std::string key = kind == "field" ? current + "." + name : kind + " " + name;
    EXPECT_TRUE(layout.emplace(key, numbers).second) << key << " occurs twice";
  }
  return layout;
}

TEST(Layout, IsTheStoredOne) {
  std::ifstream stored(std::string(GROK1_SOURCE_DIR) + "/tests/abi/layout-0.1.txt");
  std::istringstream reported(grok1_abi_layout());
  const auto wanted = parse(stored), found = parse(reported);
  EXPECT_GT(wanted.size(), 200u);
  for (const auto& [key, numbers] : wanted) {
    const auto it = found.find(key);
    EXPECT_EQ(it == found.end() ? "missing" : it->second, numbers) << key;
  }
  for (const auto& entry : found)
    EXPECT_TRUE(wanted.count(entry.first)) << entry.first << " is not in the stored layout";
}

TEST(Layout, EndsEveryLine) {
  const std::string text = grok1_abi_layout();
  ASSERT_FALSE(text.empty());
  EXPECT_EQ(text.back(), '\n');
  EXPECT_EQ(grok1_abi_layout(), grok1_abi_layout());
}

TEST(Layout, Version) {
  EXPECT_EQ(grok1_version(),
            static_cast<uint32_t>(GROK1_VERSION_MAJOR << 16 | GROK1_VERSION_MINOR << 8 | GROK1_VERSION_PATCH));
  const std::string text = std::to_string(GROK1_VERSION_MAJOR) + "." + std::to_string(GROK1_VERSION_MINOR) + "." +
                           std::to_string(GROK1_VERSION_PATCH);
  EXPECT_EQ(grok1_version_text(), text);
}

}  // namespace
