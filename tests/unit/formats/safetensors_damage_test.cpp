// A right file, cut and damaged in every place: refused with a reason, or understood as a file that is right in itself.
#include <gtest/gtest.h>

#include "core/base/failure.h"
#include "core/formats/safetensors.h"
#include "tests/unit/formats/safetensors_builder.h"

namespace grok1::test {
namespace {

const std::string kHeader = "{\"__metadata__\":{\"format\":\"pt\"}," +
                            safetensors_entry("model.norm.scale", "F32", "2,3", 0, 24) + "," +
                            safetensors_entry("lm_head.weight", "BF16", "4,2", 24, 40) + "," +
                            safetensors_entry("x", "F16", "1,1,3", 40, 46) + "}   ";
const std::string kWhole = safetensors_file(kHeader, 46);

using Entries = std::vector<SafetensorsEntry>;

// No entries if it is refused, which must be at a byte of the file or its end.
Entries read_damaged(const std::string& bytes) {
  const std::vector<char> exact(bytes.begin(), bytes.end());
  try {
    return read_safetensors("damaged", std::as_bytes(std::span(exact)));
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.status(), GROK1_E_BAD_FILE) << failure.message();
    EXPECT_EQ(failure.source(), uint32_t{GROK1_SOURCE_FILE}) << failure.message();
    EXPECT_LE(failure.offset(), bytes.size()) << failure.message();
    EXPECT_EQ(failure.message().rfind("damaged: at byte ", 0), 0u) << failure.message();
    return {};
  }
}

// Every byte behind the header is one tensor's, whose shape says how many it has.
void expect_sound(const Entries& entries, const std::string& bytes) {
  uint64_t end = 8;
  for (int i = 7; i >= 0; --i)
    end += static_cast<uint64_t>(static_cast<unsigned char>(bytes[static_cast<size_t>(i)])) << 8 * i;
  for (const SafetensorsEntry& entry : entries) {
    EXPECT_EQ(entry.offset, end) << entry.name;
    uint64_t elements = 1;
    for (uint32_t i = 0; i < entry.rank; ++i) elements *= entry.shape[i];
    if (entry.encoding == GROK1_ENCODING_F32) {
      EXPECT_EQ(entry.bytes, 4 * elements);
    }
    if (entry.encoding == GROK1_ENCODING_F16 || entry.encoding == GROK1_ENCODING_BF16) {
      EXPECT_EQ(entry.bytes, 2 * elements);
    }
    end = entry.offset + entry.bytes;
  }
  EXPECT_EQ(end, bytes.size());
}

TEST(SafetensorsDamage, TheWholeIsRight) {
  const Entries entries = read_damaged(kWhole);
  ASSERT_EQ(entries.size(), 3u);
  expect_sound(entries, kWhole);
}

TEST(SafetensorsDamage, EveryTruncationIsRefused) {
  for (size_t size = 0; size < kWhole.size(); ++size) {
    EXPECT_TRUE(read_damaged(kWhole.substr(0, size)).empty()) << "cut to " << size;
  }
}

TEST(SafetensorsDamage, EveryFlippedHeaderBitIsRefusedOrLeavesASoundFile) {
  size_t accepted = 0;
  for (size_t offset = 0; offset < 8 + kHeader.size(); ++offset) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = kWhole;
      damaged[offset] = static_cast<char>(damaged[offset] ^ (1 << bit));
      SCOPED_TRACE(testing::Message() << "byte " << offset << " bit " << bit << ": " << damaged.substr(8));
      const Entries entries = read_damaged(damaged);
      if (entries.empty()) continue;
      ++accepted;
      ASSERT_EQ(entries.size(), 3u);
      expect_sound(entries, damaged);
    }
  }
  RecordProperty("accepted", static_cast<int>(accepted));
  // Letters of names and of the metadata are free: 31 and 20 of them, seven bits each at the most, and little else.
  EXPECT_GT(accepted, 31u * 4);
  EXPECT_LT(accepted, (31u + 20) * 7);
}

TEST(SafetensorsDamage, EveryByteTakenOutOrDoubledIsRefusedOrLeavesASoundFile) {
  for (size_t offset = 0; offset < 8 + kHeader.size(); ++offset) {
    std::string shorter = kWhole, longer = kWhole;
    shorter.erase(offset, 1);
    longer.insert(offset, 1, kWhole[offset]);
    for (const std::string& damaged : {shorter, longer}) {
      const Entries entries = read_damaged(damaged);
      if (!entries.empty()) expect_sound(entries, damaged);
    }
  }
}

}  // namespace
}  // namespace grok1::test
