// Importance matrices made by hand: what is read from them, what of them is refused, and that the encoders get it.
#include "core/convert/imatrix.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/base/encoding.h"
#include "core/base/failure.h"
#include "encodings/encode/encode.h"
#include "tests/unit/convert/made_source.h"
#include "tests/unit/formats/gguf_builder.h"
#include "tests/unit/formats/memory_file.h"

namespace grok1::test {
namespace {

constexpr const char* kName = "blk.0.ffn_gate_exps.weight";

// Sums of `experts` x `k` and a count for each expert.
gguf::File imatrix_of(uint64_t k, uint64_t experts, const std::vector<float>& counts) {
  gguf::File file;
  file.entries = {gguf::string("general.type", "imatrix")};
  std::vector<float> sums;
  for (uint64_t i = 0; i < k * experts; ++i) sums.push_back(static_cast<float>(1 + i * 7919 % 1000));
  file.tensors = {{std::string(kName) + ".in_sum2", {k, experts}, 0, as_bytes(sums)},
                  {std::string(kName) + ".counts", {1, counts.size()}, 0, as_bytes(counts)}};
  return file;
}

class ImatrixTest : public testing::Test {
 protected:
  std::string write(const gguf::File& file) const { return folder_.write("imatrix.gguf", file.bytes()); }
  grok1_status refusal(const gguf::File& file, uint64_t experts = 2, uint64_t k = 512) const {
    try {
      ImportanceMatrix(write(file)).importance(kName, experts, k);
      return GROK1_OK;
    } catch (const Failure& failure) {
      return failure.status();
    }
  }
  TemporaryFolder folder_;
};

TEST_F(ImatrixTest, GivesMeansOfSquares) {
  const ImportanceMatrix matrix(write(imatrix_of(512, 2, {4, 0})));
  EXPECT_TRUE(matrix.has(kName));
  EXPECT_FALSE(matrix.has("blk.1.ffn_gate_exps.weight"));
  const auto importance = matrix.importance(kName, 2, 512);
  ASSERT_EQ(importance.size(), 2u);
  ASSERT_EQ(importance[0].size(), 512u);
  EXPECT_EQ(importance[0][0], 0.25f);
  EXPECT_EQ(importance[0][1], 920 / 4.0f);
  EXPECT_TRUE(importance[1].empty()) << "an expert that saw no token";
  EXPECT_TRUE(matrix.importance("absent", 2, 512)[1].empty());
}

TEST_F(ImatrixTest, RefusesWhatIsNoneOrAnotherModels) {
  EXPECT_EQ(refusal(imatrix_of(512, 2, {1, 1})), GROK1_OK);
  EXPECT_EQ(refusal(imatrix_of(512, 2, {1, 1}), 2, 256), GROK1_E_BAD_FILE);
  EXPECT_EQ(refusal(imatrix_of(512, 2, {1, 1}), 4, 256), GROK1_E_BAD_FILE);
  EXPECT_EQ(refusal(imatrix_of(512, 2, {1, 1, 1})), GROK1_E_BAD_FILE);
  EXPECT_EQ(refusal(imatrix_of(512, 2, {1, -1})), GROK1_E_BAD_FILE);
  EXPECT_EQ(refusal(imatrix_of(512, 2, {1, std::numeric_limits<float>::quiet_NaN()})), GROK1_E_BAD_FILE);
  gguf::File file = imatrix_of(512, 2, {1, 1});
  file.entries = {gguf::string("general.type", "model")};
  EXPECT_EQ(refusal(file), GROK1_E_UNSUPPORTED);
  file.entries = {};
  EXPECT_EQ(refusal(file), GROK1_E_UNSUPPORTED);
  file = imatrix_of(512, 2, {1, 1});
  file.tensors.pop_back();
  EXPECT_EQ(refusal(file), GROK1_E_BAD_FILE);
  file = imatrix_of(512, 2, {1, 1});
  file.tensors[0].type = 1;  // F16
  EXPECT_EQ(refusal(file), GROK1_E_BAD_FILE);
  file = imatrix_of(512, 2, {1, 1});
  file.tensors[0].data.replace(4, 4, as_bytes(std::vector<float>{-1}));
  EXPECT_EQ(refusal(file), GROK1_E_BAD_FILE);
}

TEST_F(ImatrixTest, EveryTruncationIsRefusedAndEveryFlippedBitIsOrLeavesMeans) {
  const std::string bytes = imatrix_of(32, 2, {4, 2}).bytes();
  MemoryFile file(bytes);
  const auto works = [&](uint64_t size) {
    try {
      for (const std::vector<float>& means : ImportanceMatrix(file.path()).importance(kName, 2, 32))
        for (const float mean : means) EXPECT_TRUE(std::isfinite(mean) && mean >= 0) << mean;
      return true;
    } catch (const Failure& failure) {
      EXPECT_TRUE(failure.status() == GROK1_E_BAD_FILE || failure.status() == GROK1_E_UNSUPPORTED) << failure.message();
      EXPECT_LE(failure.offset(), size) << failure.message();
      return false;
    }
  };
  ASSERT_TRUE(works(bytes.size()));
  for (size_t size = bytes.size(); size-- > 0;) {
    file.resize(size);
    ASSERT_FALSE(works(size)) << size;
  }
  file.put(0, bytes);
  size_t refused = 0;
  for (size_t i = 0; i < bytes.size() * 8; ++i) {
    const char flipped = static_cast<char>(bytes[i / 8] ^ (1 << (i % 8)));
    file.put(i / 8, {&flipped, 1});
    refused += !works(bytes.size());
    file.put(i / 8, {&bytes[i / 8], 1});
  }
  EXPECT_GT(refused, bytes.size()) << "of " << bytes.size() * 8;
}

TEST_F(ImatrixTest, ReachesTheEncodersExpertByExpert) {
  MadeSource source;
  const std::string path = folder_.write("in", as_bytes(made_numbers(2 * 512 * 10, 4)));
  source.add(TensorRole::kGate, 0, {2, 512, 10}, GROK1_ENCODING_F32, false, path);
  source.add(TensorRole::kUp, 0, {2, 512, 10}, GROK1_ENCODING_F32, false, path);
  const std::string matrix = write(imatrix_of(512, 2, {4, 0}));
  ConvertRequest request = request_of(source, (folder_.path() / "out.gguf").string(), "q4_k");
  request.options.imatrix_path = matrix.c_str();
  std::vector<std::string> lines;
  request.log = [&](int32_t, const std::string& line) { lines.push_back(line); };
  const grok1_convert_report report = convert_model(request);
  EXPECT_EQ(report.n_without_importance, 1u);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_NE(lines[0].find("blk.0.ffn_up_exps.weight"), std::string::npos) << lines[0];

  const std::vector<float> numbers = numbers_of(source.tensors()[0]);
  const std::vector<float> importance = ImportanceMatrix(matrix).importance(kName, 2, 512)[0];
  const uint64_t row_bytes = encoded_bytes(GROK1_ENCODING_Q4_K, 512);
  std::string with, without(20 * row_bytes, '\0');
  encodings::encode(encodings::Id::kQ4_K, numbers.data(), nullptr, 40, without.data());
  with = without;
  for (uint64_t row = 0; row < 10; ++row)
    encodings::encode(encodings::Id::kQ4_K, &numbers[row * 512], importance.data(), 2, &with[row * row_bytes]);
  ASSERT_NE(with, without);
  const std::string file = bytes_of_file(request.path);
  EXPECT_NE(file.find(with), std::string::npos) << "gate: the first expert by importance, the second without";
  EXPECT_NE(file.find(without), std::string::npos) << "up: without";
}

}  // namespace
}  // namespace grok1::test
