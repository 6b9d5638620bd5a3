// What tests of GGUF files say of a refusal: its status, the byte it names and words of its message.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "core/base/failure.h"
#include "core/formats/tensor_source.h"
#include "tests/unit/formats/temporary_folder.h"

namespace grok1::test {

// Where a part first occurs.
inline uint64_t position(const std::string& bytes, const std::string& part) {
  const size_t found = bytes.find(part);
  EXPECT_NE(found, std::string::npos) << "the test looks for what is not there";
  return found;
}

inline void expect_refused(const std::string& path, grok1_status status, uint64_t offset, const std::string& words) {
  try {
    open_model(path);
    ADD_FAILURE() << "opened; wanted: " << words;
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.status(), status) << failure.message();
    EXPECT_EQ(failure.offset(), offset) << failure.message();
    EXPECT_NE(failure.message().find(words), std::string::npos) << failure.message() << "\nlacks: " << words;
  }
}

// The same of a file that has these bytes; its refusal names it.
inline void expect_bytes_refused(const std::string& bytes, grok1_status status, uint64_t offset,
                                 const std::string& words) {
  const TemporaryFolder folder;
  const std::string path = folder.write("model.gguf", bytes);
  expect_refused(path, status, offset, words);
  expect_refused(path, status, offset, path + ": at byte " + std::to_string(offset) + ": ");
}

}  // namespace grok1::test
