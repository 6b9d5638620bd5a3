// Headers byte by byte against ones made by hand, where tensors lie, and how shards are cut and named.
#include "core/formats/gguf_writer.h"

#include <gtest/gtest.h>

#include "core/base/failure.h"
#include "grok1.h"
#include "tests/unit/formats/gguf_builder.h"

namespace grok1 {
namespace {

using namespace test;

GgufKeys some_keys() {
  GgufKeys keys;
  keys.add_text("a.text", "grok");
  keys.add_flag("a.flag", true);
  keys.add_u16("a.u16", 513);
  keys.add_u32("a.u32", 70000);
  keys.add_i32("a.i32", -2);
  keys.add_float("a.float", 1.5f);
  keys.add_texts("a.texts", {"", "two"});
  keys.add_floats("a.floats", std::vector<float>{0.25f, -1});
  keys.add_i32s("a.i32s", std::vector<int32_t>{1, -1, 3});
  return keys;
}

std::vector<std::string> entries_by_hand() {
  using namespace gguf;
  return {string("a.text", "grok"),
          flag("a.flag", true),
          u16("a.u16", 513),
          u32("a.u32", 70000),
          i32("a.i32", -2),
          f32("a.float", 1.5f),
          array("a.texts", kString, 2, text("") + text("two")),
          array("a.floats", kF32, 2, number(0x3e800000, 4) + number(0xbf800000, 4)),
          array("a.i32s", kI32, 3, number(1, 4) + number(0xffffffff, 4) + number(3, 4))};
}

const std::vector<GgufEntry> kEntries = {{"one", {3}, GROK1_ENCODING_F32},              // 12 bytes
                                         {"two.weight", {32, 5}, GROK1_ENCODING_Q8_0},  // 170
                                         {"three", {256, 2, 3}, GROK1_ENCODING_Q4_K},   // 864
                                         {"four", {7, 1}, GROK1_ENCODING_BF16}};        // 14

TEST(GgufWriter, WritesTheHeaderThatIsMadeByHand) {
  gguf::File file;
  file.entries = entries_by_hand();
  // Type numbers of ggml: F32 0, Q8_0 8, Q4_K 12, BF16 30.
  file.tensors = {{"one", {3}, 0, std::string(12, '\0')},
                  {"two.weight", {32, 5}, 8, std::string(170, '\0')},
                  {"three", {256, 2, 3}, 12, std::string(864, '\0')},
                  {"four", {7, 1}, 30, std::string(14, '\0')}};
  std::string wanted = file.header();
  gguf::File::pad(wanted, 32);
  const GgufLayout layout = lay_out_gguf(some_keys(), kEntries, 0);
  ASSERT_EQ(layout.files.size(), 1u);
  EXPECT_EQ(layout.files[0].header, wanted);
  const uint64_t begin = wanted.size();
  EXPECT_EQ(layout.places[0].offset, begin);
  EXPECT_EQ(layout.places[1].offset, begin + 32);
  EXPECT_EQ(layout.places[2].offset, begin + 32 + 192);
  EXPECT_EQ(layout.places[3].offset, begin + 32 + 192 + 864);
  EXPECT_EQ(layout.places[3].bytes, 14u);
  EXPECT_EQ(layout.bytes(), begin + 32 + 192 + 864 + 32);
}

TEST(GgufWriter, CutsShardsThatKeepTheirSize) {
  const uint64_t one = lay_out_gguf(some_keys(), kEntries, 0).bytes();
  EXPECT_EQ(lay_out_gguf(some_keys(), kEntries, one).files.size(), 1u);
  const uint64_t most = 1080;
  const GgufLayout layout = lay_out_gguf(some_keys(), kEntries, most);
  ASSERT_GT(layout.files.size(), 1u);
  for (size_t i = 0; i < layout.files.size(); ++i) {
    EXPECT_LE(layout.files[i].bytes, most);
    const std::string split = gguf::u16("split.no", static_cast<uint32_t>(i)) +
                              gguf::u16("split.count", static_cast<uint32_t>(layout.files.size())) +
                              gguf::i32("split.tensors.count", 4);
    EXPECT_NE(layout.files[i].header.find(split), std::string::npos);
    EXPECT_EQ(layout.files[i].header.find("a.text") != std::string::npos, i == 0);
  }
  EXPECT_EQ(layout.places[0].file, 0u);
  EXPECT_EQ(layout.places[3].file, layout.files.size() - 1);
  EXPECT_EQ(layout.places[3].offset % 32, 0u);
}

TEST(GgufWriter, RefusesShardsThatATensorExceeds) {
  try {
    lay_out_gguf(some_keys(), kEntries, 600);
    FAIL() << "a shard too small was accepted";
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.status(), GROK1_E_INVALID_ARGUMENT);
    EXPECT_NE(failure.message().find("three"), std::string::npos) << failure.message();
  }
}

TEST(GgufWriter, NamesShardsAsGgufSplitDoes) {
  EXPECT_EQ(gguf_shard_path("a/b.gguf", 0, 1), "a/b.gguf");
  EXPECT_EQ(gguf_shard_path("a/b.gguf", 0, 9), "a/b-00001-of-00009.gguf");
  EXPECT_EQ(gguf_shard_path("a/b", 11, 12), "a/b-00012-of-00012.gguf");
}

}  // namespace
}  // namespace grok1
