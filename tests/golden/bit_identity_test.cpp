// The CPU plugin's promise: the logits of a sequence do not change by one bit with what else is in the batch, how the
// sequence is cut into chunks and passes, the size of KV pages, the number of threads, forks and truncations, nor with
// the instruction set, as far as it has fused multiply-add.
#include <cpuid.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <filesystem>

#include "tests/golden/engine.h"
#include "tests/golden/golden_case.h"

namespace golden {
namespace {

struct Parameter {
  std::string folder;
  uint32_t cache_type;
};

std::vector<Parameter> parameters() {
  std::vector<Parameter> all;
  for (const std::string& folder : case_folders()) {
    for (const uint32_t type : {GROK1_CACHE_F32, GROK1_CACHE_BF16, GROK1_CACHE_F16, GROK1_CACHE_I8})
      all.push_back({folder, type});
  }
  return all;
}

std::string name_of(const Parameter& parameter) {
  static constexpr const char* kTypes[] = {"default", "f32", "bf16", "f16", "i8"};
  std::string name = std::filesystem::path(parameter.folder).filename().string() + "_" + kTypes[parameter.cache_type];
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return !std::isalnum(c); }, '_');
  return name;
}

class BitIdentity : public testing::TestWithParam<Parameter> {
 protected:
  const Case case_ = read_case(GetParam().folder);

  Settings settings() const {
    return {.device = "cpu",
            .backend_options = "oversubscribe=1",  // as many threads as a test wants, also on one core
            .cache_type = GetParam().cache_type,
            .threads = 1};
  }

  // One prefill, one thread.
  std::vector<float> prefill(const Settings& with) const {
    const Engine engine(case_.path, with);
    const Sequence sequence = engine.sequence();
    return engine.decode({{sequence.get(), case_.tokens}}).front();
  }

  std::vector<int32_t> tokens(size_t begin, size_t end) const {
    return {case_.tokens.begin() + static_cast<ptrdiff_t>(begin), case_.tokens.begin() + static_cast<ptrdiff_t>(end)};
  }

  static void expect_same_bits(const std::vector<float>& found, const std::vector<float>& wanted,
                               const std::string& what) {
    ASSERT_EQ(found.size(), wanted.size()) << what;
    size_t different = 0;
    for (size_t i = 0; i < found.size(); ++i) different += std::memcmp(&found[i], &wanted[i], sizeof(float)) != 0;
    EXPECT_EQ(different, 0u) << what << ": logits that differ, of " << found.size();
  }

  const std::vector<float> wanted_ = prefill(settings());
};

TEST_P(BitIdentity, Chunks) {
  const Engine engine(case_.path, settings());
  for (const std::vector<size_t>& sizes :
       {std::vector<size_t>{case_.prompt, 1}, {1}, {2}, {5}, {17, 3}, {1, 7, 2, 16, 3}}) {
    const Sequence sequence = engine.sequence();
    expect_same_bits(engine.decode_in_pieces(sequence.get(), case_.tokens, sizes), wanted_,
                     "chunks of " + std::to_string(sizes.front()));
  }
}

TEST_P(BitIdentity, PassesAndPages) {
  for (const uint32_t rows : {1u, 7u, 16u}) {
    Settings with = settings();
    with.max_batch_tokens = rows;
    expect_same_bits(prefill(with), wanted_, "passes of " + std::to_string(rows) + " rows");
  }
  for (const uint32_t page : {16u, 64u, 256u}) {
    Settings with = settings();
    with.page_tokens = page;
    expect_same_bits(prefill(with), wanted_, "pages of " + std::to_string(page) + " tokens");
  }
}

TEST_P(BitIdentity, Threads) {
  for (const uint32_t threads : {2u, 3u}) {
    Settings with = settings();
    with.threads = threads;
    expect_same_bits(prefill(with), wanted_, std::to_string(threads) + " threads");
    const Engine engine(case_.path, with);
    const Sequence sequence = engine.sequence();
    expect_same_bits(engine.decode_in_pieces(sequence.get(), case_.tokens, {1}), wanted_,
                     std::to_string(threads) + " threads, token by token");
  }
}

// The sequence between two others whose chunks have other lengths, in every step.
TEST_P(BitIdentity, Batch) {
  Settings with = settings();
  with.threads = 2;
  const Engine engine(case_.path, with);
  const Sequence before = engine.sequence(), subject = engine.sequence(), after = engine.sequence();
  std::vector<int32_t> reversed(case_.tokens.rbegin(), case_.tokens.rend());
  std::vector<float> found;
  const size_t n = case_.tokens.size();
  const size_t sizes[] = {case_.prompt, 1, 3, 1, 1};
  size_t step = 0;
  for (size_t begin = 0; begin < n; ++step) {
    const size_t end = std::min(begin + sizes[std::min<size_t>(step, 4)], n);
    const auto other = static_cast<ptrdiff_t>(step % reversed.size());
    const auto rows =
        engine.decode({{before.get(), {reversed.begin() + other, reversed.begin() + other + 1}},
                       {subject.get(), tokens(begin, end)},
                       {after.get(), {reversed.begin(), reversed.begin() + 1 + static_cast<ptrdiff_t>(step % 3)}}});
    found.insert(found.end(), rows[1].begin(), rows[1].end());
    begin = end;
  }
  expect_same_bits(found, wanted_, "in a batch of three");
}

TEST_P(BitIdentity, ForkAndTruncate) {
  const Engine engine(case_.path, settings());
  const Sequence original = engine.sequence();
  const size_t n = case_.tokens.size(), cut = case_.prompt - 1;
  std::vector<float> shared = engine.decode({{original.get(), tokens(0, cut)}}).front();
  const Sequence fork = engine.fork(original.get());
  // Both write to the page they share.
  const std::vector<int32_t> other(case_.tokens.rbegin(), case_.tokens.rbegin() + 4);
  engine.decode({{original.get(), other}});
  std::vector<float> found = shared;
  std::vector<float> rest = engine.decode_in_pieces(fork.get(), tokens(cut, n), {2, 1});
  found.insert(found.end(), rest.begin(), rest.end());
  expect_same_bits(found, wanted_, "a fork");

  grok1_error err = GROK1_INIT(grok1_error);
  ASSERT_EQ(grok1_sequence_truncate(original.get(), cut, &err), GROK1_OK) << err.message;
  rest = engine.decode({{original.get(), tokens(cut, n)}}).front();
  found = shared;
  found.insert(found.end(), rest.begin(), rest.end());
  expect_same_bits(found, wanted_, "the original, truncated after the fork");
}

TEST_P(BitIdentity, InstructionSets) {
  struct Level {
    const char* name;
    bool here;
  };
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512vl");
  uint32_t a = 0, b = 0, c = 0, d = 0;  // AVX-VNNI: CPUID leaf 7, subleaf 1, EAX bit 4; the compiler has no name for it
  const bool avxvnni = __get_cpuid_count(7, 1, &a, &b, &c, &d) != 0 && (a >> 4 & 1) != 0;
  const Level levels[] = {{"avx2", avx2},
                          {"avxvnni", avx2 && avxvnni},
                          {"avx512", avx512},
                          {"avx512vnni", avx512 && __builtin_cpu_supports("avx512vnni")}};
  std::vector<float> first;
  for (const Level& level : levels) {
    if (!level.here) {
      std::printf("this CPU lacks %s: not compared\n", level.name);
      continue;
    }
    Settings with = settings();
    with.backend_options = std::string("isa=") + level.name;
    const std::vector<float> found = prefill(with);
    if (first.empty()) first = found;
    expect_same_bits(found, first, std::string("isa=") + level.name);
  }
}

TEST_P(BitIdentity, Onednn) {
  Settings with = settings();
  with.backend_options += ",gemm=onednn";
  with.threads = 2;
  try {
    expect_same_bits(prefill(with), wanted_, "gemm=onednn");
  } catch (const std::exception& refusal) {
    if (std::strstr(refusal.what(), "gemm=onednn") == nullptr) throw;
    GTEST_SKIP() << refusal.what();
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, BitIdentity, testing::ValuesIn(parameters()),
                         [](const auto& test) { return name_of(test.param); });

}  // namespace
}  // namespace golden
