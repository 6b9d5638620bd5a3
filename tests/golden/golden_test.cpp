// The library against xAI's own code, through grok1.h alone: logits, residual stream, experts and gates of every golden
// case on every list of devices (device_list.cpp). The unit of logits is xAI's own bf16 error (tests/golden/README.md).
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>

#include "tests/golden/device_list.h"
#include "tests/golden/engine.h"
#include "tests/golden/golden_case.h"

namespace golden {
namespace {

// Correct rounding of K and V to bf16 changes up to 1.4 % of the chosen sets.
constexpr double kBf16CacheAgreement = 0.97;

std::string name_of(const std::string& folder) {
  std::string name = std::filesystem::path(folder).filename().string();
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return !std::isalnum(c); }, '_');
  return name;
}

struct Parameter {
  std::string folder;
  DeviceList list;
};

// Shown by gtest beside a failing test.
void PrintTo(const Parameter& parameter, std::ostream* out) {
  *out << parameter.folder << " on " << parameter.list.settings.device;
}

// Every case on the lists that have this bound.
std::vector<Parameter> parameters(double DeviceList::*bound) {
  std::vector<Parameter> all;
  for (const std::string& folder : case_folders()) {
    for (const DeviceList& list : device_lists()) {
      if (list.*bound != 0) all.push_back({folder, list});
    }
  }
  return all;
}

class Golden : public testing::TestWithParam<Parameter> {
 protected:
  const Case case_ = read_case(GetParam().folder);
  const DeviceList& list_ = GetParam().list;

  Settings with_cache(uint32_t type) const {
    Settings settings = list_.settings;
    settings.cache_type = type;
    return settings;
  }

  double error_of(const std::vector<float>& logits) const {
    return rms_difference(logits, case_.logits) / case_.bf16_rms;
  }

  // The largest error of one prefill, of chunks of several sizes and of single tokens.
  double worst_error(const Engine& engine) const {
    double worst = 0;
    for (const std::vector<size_t>& sizes :
         {std::vector<size_t>{case_.tokens.size()}, {case_.prompt, 1}, {5}, {1, 7, 2, 16, 3}, {1}}) {
      const Sequence sequence = engine.sequence();
      const double error = error_of(engine.decode_in_pieces(sequence.get(), case_.tokens, sizes));
      if (!(error <= worst)) worst = error;  // NaN is the worst
    }
    return worst;
  }

  Trace trace_of(Engine& engine) const {
    Trace trace;
    engine.start_trace(&trace);
    const Sequence sequence = engine.sequence();
    engine.decode_in_pieces(sequence.get(), case_.tokens, {case_.prompt, 1});
    return trace;
  }

  std::span<const int32_t> experts_of(size_t layer, size_t size) const {
    return std::span(case_.experts).subspan(layer * size, size);
  }

  // Residual stream and gates, each relative to its own size. `bound` is in the unit of the logits, turned into a
  // relative one by the share that the bf16 error has of the logits' deviation.
  void expect_near_f64(const Trace& trace, double bound) const {
    const double relative = bound * case_.bf16_rms / case_.logit_std;
    ASSERT_EQ(trace.hidden.size(), trace.experts.size() + 1);
    const size_t hidden_size = case_.hidden.size() / trace.hidden.size();
    for (size_t i = 0; i < trace.hidden.size(); ++i) {
      const auto wanted = std::span(case_.hidden).subspan(i * hidden_size, hidden_size);
      EXPECT_LE(rms_difference(trace.hidden[i], wanted) / rms(wanted), relative) << "residual stream after layer " << i;
    }
    const size_t gates_size = case_.gates.size() / trace.gates.size();
    for (size_t i = 0; i < trace.gates.size(); ++i) {
      const auto wanted = std::span(case_.gates).subspan(i * gates_size, gates_size);
      EXPECT_LE(rms_difference(trace.gates[i], wanted) / rms(wanted), relative) << "gates of layer " << i;
    }
  }

  void expect_same_experts(const Trace& trace) const {
    ASSERT_FALSE(trace.experts.empty());
    const size_t size = case_.experts.size() / trace.experts.size();
    for (size_t layer = 0; layer < trace.experts.size(); ++layer) {
      const auto wanted = experts_of(layer, size);
      EXPECT_EQ(trace.experts[layer], std::vector<int32_t>(wanted.begin(), wanted.end())) << "layer " << layer;
    }
  }
};

class GoldenDefaultCache : public Golden {};
class GoldenI8Cache : public Golden {};

TEST_P(Golden, Logits) {
  const Engine engine(case_.path, with_cache(GROK1_CACHE_F32));
  const std::string devices = engine.info().devices;
  EXPECT_EQ(static_cast<size_t>(std::count(devices.begin(), devices.end(), ',')) + 1, list_.n_devices) << devices;
  const double error = worst_error(engine);
  RecordProperty("error", std::to_string(error));
  EXPECT_LE(error, list_.bound);
}

TEST_P(GoldenDefaultCache, Logits) {
  const Engine engine(case_.path, list_.settings);
  const double error = worst_error(engine);
  RecordProperty("error", std::to_string(error));
  EXPECT_LE(error, list_.bf16_bound);
}

TEST_P(GoldenI8Cache, Logits) {
  const Engine engine(case_.path, with_cache(GROK1_CACHE_I8));
  const double error = worst_error(engine);
  RecordProperty("error", std::to_string(error));
  EXPECT_LE(error, list_.i8_bound);
}

TEST_P(Golden, Traces) {
  Engine engine(case_.path, with_cache(GROK1_CACHE_F32));
  const Trace trace = trace_of(engine);
  expect_same_experts(trace);
  expect_near_f64(trace, list_.bound);
}

TEST_P(GoldenDefaultCache, Experts) {
  Engine engine(case_.path, list_.settings);
  const Trace trace = trace_of(engine);
  const size_t used = engine.info().experts_used;
  size_t agree = 0, pairs = 0;
  for (size_t layer = 0; layer < trace.experts.size(); ++layer) {
    const std::vector<int32_t>& found = trace.experts[layer];
    ASSERT_EQ(found.size(), case_.tokens.size() * used);
    const auto wanted = experts_of(layer, found.size());
    for (size_t i = 0; i < found.size(); i += used, ++pairs) {
      agree += std::set(&found[i], &found[i] + used) == std::set(&wanted[i], &wanted[i] + used);
    }
  }
  ASSERT_EQ(pairs * used, case_.experts.size());
  EXPECT_GE(static_cast<double>(agree), kBf16CacheAgreement * static_cast<double>(pairs));
}

// On every instruction set that this processor has, with activations of int8 matrices in two digits (15 bits) and in
// one (8 bits). One digit is an option for speed: its limit is 4, and near ties it may choose other experts.
class GoldenOnCpu : public testing::TestWithParam<std::string> {};

TEST_P(GoldenOnCpu, EveryInstructionSet) {
  const Case golden = read_case(GetParam());
  for (const std::string isa : {"baseline", "avx2", "avxvnni", "avx512", "avx512vnni"}) {
    for (const auto& [digits, bound] : {std::pair("2", 0.1), std::pair("1", 4.0)}) {
      Settings settings;
      settings.cache_type = GROK1_CACHE_F32;
      settings.backend_options = "isa=" + isa + ",digits=" + digits;
      try {
        const Engine engine(golden.path, settings);
        const Sequence sequence = engine.sequence();
        const std::vector<float> logits =
            engine.decode_in_pieces(sequence.get(), golden.tokens, {golden.prompt, 1, 3, 1});
        const double error = rms_difference(logits, golden.logits) / golden.bf16_rms;
        RecordProperty(isa + "_digits" + digits, std::to_string(error));
        EXPECT_LE(error, bound) << settings.backend_options;
        if (*digits == '1') {
          EXPECT_GE(error, 0.1) << "one digit as good as two: the option has no effect";
        }
      } catch (const std::runtime_error& refused) {
        ASSERT_NE(std::string(refused.what()).find("which this processor lacks"), std::string::npos) << refused.what();
        std::printf("this processor lacks %s: not compared\n", isa.c_str());
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, GoldenOnCpu, testing::ValuesIn(case_folders()),
                         [](const auto& test) { return name_of(test.param); });

std::string name_of_test(const testing::TestParamInfo<Parameter>& test) {
  return name_of(test.param.folder) + "_" + test.param.list.name;
}

INSTANTIATE_TEST_SUITE_P(Cases, Golden, testing::ValuesIn(parameters(&DeviceList::bound)), name_of_test);
INSTANTIATE_TEST_SUITE_P(Cases, GoldenDefaultCache, testing::ValuesIn(parameters(&DeviceList::bf16_bound)),
                         name_of_test);
INSTANTIATE_TEST_SUITE_P(Cases, GoldenI8Cache, testing::ValuesIn(parameters(&DeviceList::i8_bound)), name_of_test);

}  // namespace
}  // namespace golden
