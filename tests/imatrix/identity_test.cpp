// The file does not depend on what must not matter: on the CPU not by one byte on threads, passes, chunks and the ways
// to hold weights; and the reference, the CPU and models divided among them agree.
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/golden/golden_case.h"
#include "tests/imatrix/imatrix_file.h"

namespace imatrix_test {
namespace {

using golden::Case;
using golden::Engine;
using golden::Sequence;
using golden::Settings;

// On the CPU the inputs of a layer are the outputs of others, computed with inputs of 15 bits: 3e-5 of each number in
// every layer (tests/conformance/tolerance.h), which add up over twelve of them. Found were 3e-4 at most; a row too
// much or too few of the forty that a case has changes the sums by some hundredths.
constexpr double kTolerance = 1e-3;

Case read(const char* name) {
  return golden::read_case(std::string(GROK1_TEST_DATA) + "/" + name);
}

std::string bytes_of(const Case& c, const Settings& settings, const std::vector<size_t>& pieces) {
  const Engine engine(c.path, settings);
  const golden::Imatrix imatrix = attach(engine);
  const Sequence sequence = engine.sequence();
  engine.decode_in_pieces(sequence.get(), c.tokens, pieces);
  return write(imatrix.get());
}

Settings cpu(uint32_t threads) {
  return {.device = "cpu", .backend_options = "oversubscribe=1", .cache_type = GROK1_CACHE_F32, .threads = threads};
}

TEST(ImatrixBytes, DoNotDependOnThreadsPassesAndChunks) {
  for (const char* name : {"gqa6", "odd"}) {
    const Case c = read(name);
    const std::string wanted = bytes_of(c, cpu(1), {c.tokens.size()});
    ASSERT_FALSE(wanted.empty());
    for (const uint32_t threads : {2u, 3u}) EXPECT_EQ(bytes_of(c, cpu(threads), {c.tokens.size()}), wanted) << threads;
    for (const uint32_t rows : {1u, 7u, 16u}) {
      Settings settings = cpu(2);
      settings.max_batch_tokens = rows;
      EXPECT_EQ(bytes_of(c, settings, {c.tokens.size()}), wanted) << "passes of " << rows;
    }
    for (const size_t piece : {1u, 5u}) EXPECT_EQ(bytes_of(c, cpu(2), {piece}), wanted) << "chunks of " << piece;
    Settings read_weights = cpu(2);
    read_weights.weights = GROK1_WEIGHTS_READ;
    EXPECT_EQ(bytes_of(c, read_weights, {c.tokens.size()}), wanted) << "weights that were read";
  }
}

void expect_alike(const ImatrixFile& wanted, const ImatrixFile& found, double tolerance, const std::string& what) {
  ASSERT_EQ(found.matrices.size(), wanted.matrices.size()) << what;
  for (const auto& [name, sums] : wanted.matrices) {
    EXPECT_EQ(found.at(name).counts, sums.counts) << what << ", " << name;
    EXPECT_LT(relative_difference(sums.squares, found.at(name).squares), tolerance) << what << ", " << name;
  }
}

// Golden cases, because there no choice of experts is a near tie.
TEST(ImatrixOfDevices, Agree) {
  for (const char* name : {"tiny", "order", "gqa6", "two-groups", "odd"}) {
    const Case c = read(name);
    const Settings reference{.device = "reference", .cache_type = GROK1_CACHE_F32};
    expect_alike(parse(bytes_of(c, reference, {c.tokens.size()})), parse(bytes_of(c, cpu(2), {c.tokens.size()})),
                 kTolerance, name);
  }
}

// Each member shows its share: heads and experts whole or ffn columns of all. What several show is counted once.
TEST(ImatrixOfDevices, DividedModels) {
  const Case c = read("gqa6");
  const ImatrixFile wanted =
      parse(bytes_of(c, {.device = "reference", .cache_type = GROK1_CACHE_F32}, {c.tokens.size()}));
  struct Way {
    const char* name;
    const char* devices;
    void (*divide)(Settings&);
  };
  for (const Way& way : {Way{"layers", "reference,cpu", [](Settings& s) { s.tensor_split = "1,1"; }},
                         Way{"experts on the CPU", "reference,cpu", [](Settings& s) { s.cpu_experts_layers = 99; }},
                         Way{"experts", "reference,cpu",
                             [](Settings& s) {
                               s.split = GROK1_SPLIT_EXPERT;
                               s.tensor_split = "3,1";
                             }},
                         Way{"columns", "reference,cpu", [](Settings& s) { s.split = GROK1_SPLIT_FFN; }},
                         Way{"columns of two CPUs", "cpu,cpu", [](Settings& s) { s.split = GROK1_SPLIT_FFN; }}}) {
    Settings settings{.device = way.devices, .cache_type = GROK1_CACHE_F32};
    way.divide(settings);
    expect_alike(wanted, parse(bytes_of(c, settings, {c.tokens.size()})), kTolerance, way.name);
  }
}

}  // namespace
}  // namespace imatrix_test
