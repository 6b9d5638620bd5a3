// Tensors in every order, encoding and number of parts come out as the numbers that they mean, whatever the bands; and
// the memory that it takes is what was allowed, however large the tensor.
#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/wait.h>

#include <fstream>

#include "core/base/encoding.h"
#include "core/base/failure.h"
#include "core/convert/budget.h"
#include "encodings/encode/encode.h"
#include "tests/unit/convert/made_source.h"
#include "tests/unit/counts_memory.h"

namespace grok1::test {
namespace {

constexpr uint32_t kWays[] = {GROK1_ENCODING_F32, GROK1_ENCODING_F16, GROK1_ENCODING_BF16};

// Numbers in a plain encoding.
std::string stored_as(uint32_t encoding, const std::vector<float>& numbers) {
  if (encoding == GROK1_ENCODING_F32) return as_bytes(numbers);
  std::vector<uint16_t> halves;
  for (const float number : numbers)
    halves.push_back(encoding == GROK1_ENCODING_F16 ? encodings::float_to_half(number)
                                                    : encodings::float_to_bf16(number));
  return as_bytes(halves);
}

std::string blocks_of(uint32_t encoding, const std::vector<float>& numbers) {
  std::string bytes(encoded_bytes(encoding, numbers.size()), '\0');
  encodings::encode(encodings::Id(encoding), numbers.data(), nullptr,
                    numbers.size() / encoding_shape(encoding).elements, bytes.data());
  return bytes;
}

// The bytes of the first tensor of a file of one tensor.
std::string data_of(const std::string& path, uint64_t bytes) {
  const std::string file = bytes_of_file(path);
  EXPECT_GE(file.size(), bytes);
  return file.substr(file.size() - (bytes + 31) / 32 * 32, bytes);
}

class BandsTest : public testing::Test {
 protected:
  // Converts a source of one tensor to F32 and compares with what its numbers mean.
  void expect_numbers(const MadeSource& source, uint64_t memory = 16 << 20) {
    ConvertRequest request = request_of(source, (folder_.path() / "out.gguf").string(), "f32");
    request.options.memory_bytes = memory;
    request.options.overrides = "*=f32";
    request.options.flags = GROK1_CONVERT_OVERWRITE;
    const grok1_convert_report report = convert_model(request);
    const std::vector<float> wanted = numbers_of(source.tensors().front());
    EXPECT_EQ(report.lossless, 1u);
    EXPECT_EQ(report.n_inexact_blocks, 0u);
    ASSERT_EQ(data_of(request.path, 4 * wanted.size()), as_bytes(wanted));
  }
  TemporaryFolder folder_;
};

TEST_F(BandsTest, EveryOrderAndPlainEncoding) {
  for (const uint32_t encoding : kWays) {
    for (const bool transposed : {false, true}) {
      for (const uint64_t k : {1, 31, 256, 300}) {
        for (const uint64_t n : {1, 15, 64, 130}) {
          MadeSource source;
          const std::string path = folder_.write("in", stored_as(encoding, made_numbers(2 * k * n, 1)));
          source.add(TensorRole::kGate, 0, transposed ? std::vector{uint64_t{2}, n, k} : std::vector{uint64_t{2}, k, n},
                     encoding, transposed, path);
          expect_numbers(source);
        }
      }
    }
  }
}

TEST_F(BandsTest, BlocksOfEveryKindAreDecoded) {
  for (uint32_t encoding = GROK1_ENCODING_Q8_0; encoding <= GROK1_ENCODING_IQ4_XS; ++encoding) {
    MadeSource source;
    const std::string path = folder_.write("in", blocks_of(encoding, made_numbers(3 * 70 * 512, encoding)));
    source.add(TensorRole::kDown, 0, {3, 70, 512}, encoding, true, path);
    expect_numbers(source);
  }
}

TEST_F(BandsTest, Int8WithGroupsThatAreNoWholeTiles) {
  for (const uint64_t groups : {1, 2, 3, 9}) {
    MadeSource source;
    std::string bytes;
    for (int i = 0; i < 2 * 288 * 50; ++i) bytes += static_cast<char>(i * 37 + i / 256);
    bytes += as_bytes(made_numbers(2 * groups * 50, 5));
    const std::string path = folder_.write("in", bytes);
    source.add(TensorRole::kUp, 0, {2, 288, 50}, GROK1_ENCODING_I8, false, path, groups, GROK1_ENCODING_F32);
    expect_numbers(source);
  }
}

// Several columns' worth of parts, experts apart, and the file cut inside a number.
TEST_F(BandsTest, PartsAndCutFiles) {
  const std::string bytes = as_bytes(made_numbers(2 * 40 * 300, 3));
  const size_t cut = 2 * 40 * 300 * 4 / 2 + 1;
  MadeSource source;
  Tensor& tensor =
      source.add(TensorRole::kUp, 0, {2, 40, 300}, GROK1_ENCODING_F32, true, folder_.write("whole", bytes));
  const JoinedFile& file =
      source.open({folder_.write("one", bytes.substr(0, cut)), folder_.write("two", bytes.substr(cut))});
  tensor.values.parts.clear();
  uint64_t offset = 0;
  for (uint32_t expert = 0; expert < 2; ++expert) {
    for (const auto& [begin, end] : {std::pair<uint64_t, uint64_t>{0, 100}, {100, 300}}) {
      tensor.values.parts.push_back({&file, "part", offset, 0, expert, expert + 1, 0, 40, begin, end});
      offset += 40 * (end - begin) * 4;
    }
  }
  require_complete(tensor.values, "tensor");
  expect_numbers(source);
}

// Bands of columns and bands of rows: each tensor is larger than what a band may have.
TEST_F(BandsTest, TensorsLargerThanMemory) {
  for (const bool transposed : {false, true}) {
    MadeSource source;
    const std::string path = folder_.write("in", as_bytes(made_numbers(1000 * 3000, 2)));
    source.add(TensorRole::kQuery, 0,
               transposed ? std::vector<uint64_t>{3000, 1000} : std::vector<uint64_t>{1000, 3000}, GROK1_ENCODING_F32,
               transposed, path);
    const Plan plan = plan_conversion(source, nullptr, TypeChoice("f32", nullptr), 0);
    EXPECT_GT(cut_into_bands(plan, 0, Budget(16 << 20)).size(), 2u);
    expect_numbers(source);
  }
}

TEST_F(BandsTest, RowsThatExceedTheMemoryAreRefused) {
  MadeSource source;
  const std::string path = folder_.write("in", "");
  std::filesystem::resize_file(path, uint64_t{4} << 22);  // one row of 16 MB
  source.add(TensorRole::kQuery, 0, {1, 1 << 22}, GROK1_ENCODING_F32, true, path);
  try {
    convert_model(request_of(source, (folder_.path() / "out.gguf").string(), "f32"));
    FAIL() << "a row larger than the memory was accepted";
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.status(), GROK1_E_DOES_NOT_FIT);
    EXPECT_NE(failure.message().find("allow more"), std::string::npos) << failure.message();
  }
  EXPECT_TRUE(std::filesystem::is_directory(folder_.path()));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_.path()), {}), 1) << "only the source";
}

uint64_t status_kilobytes(const std::string& name) {
  std::ifstream in("/proc/self/status");
  for (std::string word; in >> word;) {
    uint64_t value = 0;
    if (word == name && in >> value) return value;
  }
  return 0;
}

// 128 MiB through 32 MiB. The child's high-water mark of resident memory, from where it began; 2 MiB are for code and
// stacks that are touched for the first time.
TEST_F(BandsTest, StaysWithinTheMemory) {
  const std::string path = folder_.write("in", "");
  std::filesystem::resize_file(path, uint64_t{4096} * 8192 * 4);
  for (const bool transposed : {false, true}) {
    for (const char* type : {"f32", "q8_0"}) {
      const pid_t child = fork();
      if (child == 0) {
        malloc_trim(0);                               // what the tests before have freed would be used again unseen
        std::ofstream("/proc/self/clear_refs") << 5;  // the mark begins anew
        MadeSource source;
        source.add(TensorRole::kQuery, 0, {4096, 8192}, GROK1_ENCODING_F32, transposed, path);
        const uint64_t before = status_kilobytes("VmRSS:");
        ConvertRequest request =
            request_of(source, (folder_.path() / (type + std::to_string(transposed))).string(), type);
        request.options.memory_bytes = 32 << 20;
        convert_model(request);
        const uint64_t most = status_kilobytes("VmHWM:");
        std::fprintf(stderr, "resident: %lu kB before, %lu kB at most\n", before, most);
        _exit(before > 0 && (most <= before + (34 << 10) || !kCountsMemory) ? 0 : 1);
      }
      int status = 0;
      ASSERT_EQ(waitpid(child, &status, 0), child);
      EXPECT_EQ(status, 0) << type << (transposed ? " by rows" : " by columns");
    }
  }
}

}  // namespace
}  // namespace grok1::test
