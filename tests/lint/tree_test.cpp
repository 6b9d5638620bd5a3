// What no file of the tree may contain, and how large they are together.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "tests/lint/arrows.h"

namespace {

const std::filesystem::path kTree = GROK1_SOURCE_DIR;
constexpr uintmax_t kMostBytes = 32u << 20;  // of all files together

std::string read(const std::string& path) {
  return (std::stringstream() << std::ifstream(kTree / path, std::ios::binary).rdbuf()).str();
}

// Text that people read, not weights or logits.
bool is_text(const std::string& content) {
  return content.find('\0') == content.npos;
}

TEST(Tree, FitsIntoALimit) {
  uintmax_t bytes = 0;
  for (const std::string& path : lint::files_of_tree(kTree)) bytes += std::filesystem::file_size(kTree / path);
  RecordProperty("bytes", std::to_string(bytes));
  EXPECT_LT(bytes, kMostBytes);
  EXPECT_GT(bytes, 20u << 20) << "the golden files are missing";
}

// The words are put together here so that this file does not hold them.
TEST(Tree, HoldsNothingUnfinished) {
  for (const std::string& path : lint::files_of_tree(kTree)) {
    const std::string content = read(path);
    if (!is_text(content)) continue;
    for (const std::string& word : {std::string("TO") + "DO", std::string("FIX") + "ME", std::string("XX") + "X"}) {
      for (size_t at = content.find(word); at != content.npos; at = content.find(word, at + 1)) {
        const auto is_letter = [&](size_t i) {
          return i < content.size() && std::isalnum(static_cast<unsigned char>(content[i]));
        };
        if ((at > 0 && is_letter(at - 1)) || is_letter(at + word.size())) continue;  // part of a longer word
        ADD_FAILURE() << path << ":"
                      << 1 + std::count(content.begin(), content.begin() + static_cast<ptrdiff_t>(at), '\n') << ": "
                      << word;
      }
    }
  }
}

TEST(Tree, StandsAlone) {
  const std::string outside = std::string("../") + "shared";
  for (const std::string& path : lint::files_of_tree(kTree)) {
    if (path == ".ci/run") continue;
    const std::string content = read(path);
    EXPECT_TRUE(!is_text(content) || content.find(outside) == content.npos)
        << path << " names a folder outside of the tree";
  }
}

}  // namespace
