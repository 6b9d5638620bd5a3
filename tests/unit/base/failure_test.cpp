// Errors at the boundary: what a caller's struct gets, whatever its size; and sizes that would wrap.
#include "core/base/failure.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstring>
#include <new>

#include "core/base/checked_size.h"

namespace grok1 {
namespace {

TEST(WriteError, FillsEveryField) {
  grok1_error error = GROK1_INIT(grok1_error);
  write_error(&error, Failure(GROK1_E_BAD_FILE, "what was wanted", GROK1_SOURCE_FILE, 5, 77));
  EXPECT_EQ(error.status, GROK1_E_BAD_FILE);
  EXPECT_EQ(error.native_code, 5);
  EXPECT_EQ(error.source, uint32_t{GROK1_SOURCE_FILE});
  EXPECT_EQ(error.offset, 77u);
  EXPECT_STREQ(error.message, "what was wanted");
  clear_error(&error, GROK1_S_STOPPED);
  EXPECT_EQ(error.status, GROK1_S_STOPPED);
  EXPECT_STREQ(error.message, "");
}

TEST(WriteError, CutsAtACharacter) {
  for (size_t ascii = 990; ascii < 1000; ++ascii) {
    grok1_error error = GROK1_INIT(grok1_error);
    std::string message(ascii, 'a');
    for (int i = 0; i < 8; ++i) message += "\xE2\x96\x81";  // U+2581, three bytes
    write_error(&error, Failure(GROK1_E_IO, message));
    const size_t size = std::strlen(error.message);
    EXPECT_LT(size, sizeof error.message);
    EXPECT_EQ((size - ascii) % 3, 0u) << "a character was cut";
    EXPECT_GT(size + 3, sizeof error.message - 1);
  }
}

TEST(WriteError, RespectsAShorterStruct) {
  grok1_error error = GROK1_INIT(grok1_error);
  std::memset(error.message, '#', sizeof error.message);
  error.struct_size = offsetof(grok1_error, message) + 8;
  write_error(&error, Failure(GROK1_E_IO, "a long message"));
  EXPECT_STREQ(error.message, "a long ");
  EXPECT_EQ(error.message[8], '#');
  error.struct_size = 4;  // nothing but its size: nothing is written
  error.status = 42;
  write_error(&error, Failure(GROK1_E_IO, "x"));
  EXPECT_EQ(error.status, 42);
  error.struct_size = 0xdeadbeef;  // never initialised
  write_error(&error, Failure(GROK1_E_IO, "x"));
  EXPECT_EQ(error.status, 42);
  write_error(nullptr, Failure(GROK1_E_IO, "x"));
}

TEST(HandleException, MapsWhatCanBeThrown) {
  grok1_error error = GROK1_INIT(grok1_error);
  const auto status = [&](auto&& thrown) {
    try {
      throw thrown;
    } catch (...) {
      return handle_exception(&error);
    }
  };
  EXPECT_EQ(status(Failure(GROK1_E_BUSY, "m")), GROK1_E_BUSY);
  EXPECT_EQ(status(std::bad_alloc()), GROK1_E_OUT_OF_MEMORY);
  EXPECT_EQ(status(std::runtime_error("strange")), GROK1_E_INTERNAL);
  EXPECT_STREQ(error.message, "strange");
  EXPECT_EQ(status(42), GROK1_E_INTERNAL);
}

TEST(CheckedSize, ThrowsInsteadOfWrapping) {
  EXPECT_EQ((CheckedSize(1u << 31) * CheckedSize(1u << 31)).value(), uint64_t{1} << 62);
  EXPECT_THROW(CheckedSize(uint64_t{1} << 32) * CheckedSize(uint64_t{1} << 32), Failure);
  EXPECT_THROW(CheckedSize(UINT64_MAX) + CheckedSize(1), Failure);
}

}  // namespace
}  // namespace grok1
