// Real pickles, one of each kind, cut and damaged: refused with a reason, or understood exactly as before.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "core/base/failure.h"
#include "core/formats/pickle.h"

namespace grok1 {
namespace {

struct Kind {
  const char* name;
  const char* file;
};

// The payloads of the last two are outside of the frames, the others inside.
constexpr Kind kKinds[] = {
    {"Plain", "odd/ckpt-0/tensor00001_000"},         // f32, payload of SHORT_BINBYTES
    {"PlainLonger", "tiny/ckpt-0/tensor00001_000"},  // f32, BINBYTES
    {"OneGroup", "tiny/ckpt-0/tensor00005_000"},     // key
    {"EightGroups", "tiny/ckpt-0/tensor00006_000"},  // attention out
    {"ExpertsOneGroup", "tiny/ckpt-0/tensor00002_000"},
    {"ExpertsEightGroups", "tiny/ckpt-0/tensor00003_000"},
};

void PrintTo(const Kind& kind, std::ostream* out) {
  *out << kind.name;
}

bool same(const PickledArray& a, const PickledArray& b) {
  return a.encoding == b.encoding && a.rank == b.rank && a.shape == b.shape && a.offset == b.offset &&
         a.bytes == b.bytes;
}

bool same(const Pickle& a, const Pickle& b) {
  if (!same(a.weight, b.weight) || a.scales.has_value() != b.scales.has_value()) return false;
  return !a.scales || same(*a.scales, *b.scales);
}

class PickleDamage : public testing::TestWithParam<Kind> {
 protected:
  PickleDamage() {
    std::ifstream file(GROK1_TEST_DATA "/" + std::string(GetParam().file), std::ios::binary);
    bytes_.assign(std::istreambuf_iterator<char>(file), {});
    whole_ = read(bytes_);
  }

  static Pickle read(const std::vector<char>& bytes) { return read_pickle("damaged", std::as_bytes(std::span(bytes))); }

  static bool in(const PickledArray& array, uint64_t offset) {
    return offset >= array.offset && offset < array.offset + array.bytes;
  }
  bool is_header(uint64_t offset) const {
    return !in(whole_.weight, offset) && !(whole_.scales && in(*whole_.scales, offset));
  }

  // True if it is accepted; then it must mean what it meant.
  bool accepted(const std::vector<char>& bytes) const {
    try {
      EXPECT_TRUE(same(read(bytes), whole_)) << "accepted with another meaning";
      return true;
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.status(), GROK1_E_BAD_FILE) << failure.message();
      EXPECT_EQ(failure.source(), uint32_t{GROK1_SOURCE_FILE}) << failure.message();
      EXPECT_LE(failure.offset(), bytes.size()) << failure.message();
      EXPECT_EQ(failure.message().rfind("damaged: at byte ", 0), 0u) << failure.message();
      return false;
    }
  }

  std::vector<char> bytes_;
  Pickle whole_;
};

TEST_P(PickleDamage, EveryTruncationIsRefused) {
  size_t cuts = 0;
  for (size_t size = 0; size < bytes_.size(); ++size) {
    if (bytes_.size() > 64 << 10 && size % 37 != 0 && !is_header(size)) continue;
    EXPECT_FALSE(accepted({bytes_.begin(), bytes_.begin() + static_cast<ptrdiff_t>(size)})) << "cut to " << size;
    ++cuts;
  }
  EXPECT_GE(cuts, 150u);  // the smallest header has 151 bytes and more
}

TEST_P(PickleDamage, EveryFlippedHeaderBitIsRefusedOrMeansTheSame) {
  size_t flips = 0, unchanged = 0;
  for (size_t offset = 0; offset < bytes_.size(); ++offset) {
    if (!is_header(offset)) continue;
    for (int bit = 0; bit < 8; ++bit) {
      std::vector<char> damaged = bytes_;
      damaged[offset] = static_cast<char>(damaged[offset] ^ (1 << bit));
      SCOPED_TRACE(testing::Message() << "byte " << offset << " bit " << bit);
      ++flips;
      unchanged += accepted(damaged);
    }
  }
  RecordProperty("flips", static_cast<int>(flips));
  RecordProperty("unchanged", static_cast<int>(unchanged));
  // A frame that ends earlier, between two opcodes, is still right: up to 5 flips of a length do that.
  EXPECT_LE(unchanged, 8u);
}

TEST_P(PickleDamage, BytesBehindTheEndAreRefused) {
  std::vector<char> longer = bytes_;
  longer.push_back('.');
  EXPECT_FALSE(accepted(longer));
}

INSTANTIATE_TEST_SUITE_P(Kinds, PickleDamage, testing::ValuesIn(kKinds),
                         [](const testing::TestParamInfo<Kind>& kind) { return std::string(kind.param.name); });

}  // namespace
}  // namespace grok1
