// Where tests find tokenizers: the demo model's in the tree, Grok-1's own by an environment variable.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "core/tokenizer/tokenizer.h"

namespace grok1::test {

inline const std::string kDemoTokenizer = GROK1_TEST_DATA "/demo-model/tokenizer.model";

// "" where there is none.
inline std::string real_tokenizer() {
  const char* path = std::getenv("GROK1_TEST_TOKENIZER");
  return path == nullptr ? "" : path;
}

inline std::string read_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Through a file, as an application would.
inline std::shared_ptr<const Tokenizer> load_bytes(std::string_view bytes) {
  std::string path = testing::TempDir() + "grok1-tokenizer-XXXXXX";
  const int descriptor = mkstemp(path.data());
  EXPECT_GE(descriptor, 0);
  EXPECT_EQ(write(descriptor, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  close(descriptor);
  struct Remove {
    const std::string& path;
    ~Remove() { unlink(path.c_str()); }
  } remove{path};
  return Tokenizer::load(path);
}

}  // namespace grok1::test
