// The same weights in every naming and layout of safetensors: the logits are the same to the bit, and with float32
// weights as near to xAI's as those of ckpt-0. Not to the bit with ckpt-0's: [N, K] floats and [K, N] int8 are summed
// in other orders.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <span>

#include "tests/checkpoints/safetensors_writer.h"
#include "tests/golden/engine.h"
#include "tests/golden/golden_case.h"
#include "tests/unit/formats/temporary_folder.h"

namespace checkpoints {
namespace {

using golden::Case;
using golden::Engine;
using golden::Settings;

constexpr Naming kNamings[] = {Naming::kKeyfan, Naming::kHpcai, Naming::kSglang};
constexpr Layout kLayouts[] = {Layout::kSingle, Layout::kIndexed, Layout::kNumbered, Layout::kSharded};

struct Device {
  const char* name;
  double bound;  // in units of xAI's bf16 error, as in tests/golden/device_list.cpp
};
constexpr Device kDevices[] = {{"reference", 1e-4}, {"cpu", 0.1}};

// The plugins are beside libgrok1.so, and this program is not it.
const bool kFindsPlugins = setenv("GROK1_BACKEND_PATH", GROK1_PLUGIN_DIR, 1) == 0;

class HfLogits : public testing::TestWithParam<std::tuple<std::string, Device>> {
 protected:
  const Case case_ = golden::read_case(std::string(GROK1_TEST_DATA) + "/" + std::get<0>(GetParam()));
  const Device device_ = std::get<1>(GetParam());

  std::vector<float> logits(const std::string& path) const {
    const Engine engine(path, Settings{.device = device_.name, .cache_type = GROK1_CACHE_F32});
    const golden::Sequence sequence = engine.sequence();
    return engine.decode_in_pieces(sequence.get(), case_.tokens, {case_.prompt, 1});
  }

  std::vector<float> logits(const HfOptions& options) const {
    const grok1::test::TemporaryFolder folder;
    write_hf_model(case_.path, folder.path().string(), options);
    return logits(folder.path().string());
  }

  void expect_all_the_same(const std::string& type, std::span<const Naming> namings,
                           const std::vector<float>& wanted) const {
    for (const Naming naming : namings) {
      for (const Layout layout : kLayouts) {
        const std::vector<float> found = logits(HfOptions{naming, layout, type, false});
        ASSERT_EQ(found.size(), wanted.size());
        EXPECT_EQ(std::memcmp(found.data(), wanted.data(), found.size() * sizeof(float)), 0)
            << "naming " << static_cast<int>(naming) << " layout " << static_cast<int>(layout);
      }
    }
  }
};

TEST_P(HfLogits, Float32IsXaisInEveryContainer) {
  ASSERT_TRUE(kFindsPlugins);
  const std::vector<float> first = logits(HfOptions{});
  const double error = golden::rms_difference(first, case_.logits) / case_.bf16_rms;
  RecordProperty("error", std::to_string(error));
  EXPECT_LE(error, device_.bound);
  expect_all_the_same("F32", kNamings, first);
}

// Weights rounded to 16 bits are another model; the bound only says that it is a near one. Names are of no matter to
// numbers, so one set is enough.
TEST_P(HfLogits, SixteenBitsAreTheSameInEveryLayout) {
  for (const char* type : {"BF16", "F16"}) {
    const std::vector<float> first = logits(HfOptions{.dtype = type});
    EXPECT_LE(golden::rms_difference(first, case_.logits) / case_.bf16_rms, 2.0) << type;
    expect_all_the_same(type, std::span(kNamings).last(1), first);
  }
}

// One model as GGUF by the library's own converter.
std::string converted(const std::string& path, const char* type, const std::string& folder) {
  const std::string target = folder + "/" + type + ".gguf";
  const auto model = golden::make<golden::Model>(
      [&](auto** out, auto* err) { return grok1_model_probe(path.c_str(), SIZE_MAX, nullptr, out, err); });
  grok1_convert_options options = GROK1_INIT(grok1_convert_options);
  options.type = type;
  grok1_error err = GROK1_INIT(grok1_error);
  golden::check(grok1_model_convert(model.get(), target.c_str(), SIZE_MAX, &options, nullptr, &err), err);
  return target;
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

// Numbers that are the same give the same logits as safetensors, as GGUF made of them and as GGUF made of ckpt-0; in
// BF16, where norms and routers stay F32, a GGUF file of ckpt-0 is within one unit of xAI's own bf16 error.
TEST_P(HfLogits, ConvertedToGgufTheyAreTheSame) {
  const grok1::test::TemporaryFolder folder, of_safetensors, of_xai;
  write_hf_model(case_.path, folder.path().string(), HfOptions{});
  const std::vector<float> wanted = logits(folder.path().string());
  EXPECT_TRUE(same_bits(logits(converted(folder.path().string(), "f32", of_safetensors.path().string())), wanted));
  EXPECT_TRUE(same_bits(logits(converted(case_.path, "f32", of_xai.path().string())), wanted));
  const std::vector<float> bf16 = logits(converted(case_.path, "bf16", of_xai.path().string()));
  const double error = golden::rms_difference(bf16, case_.logits) / case_.bf16_rms;
  RecordProperty("bf16_error", std::to_string(error));
  EXPECT_LE(error, 1.0);
}

// An output head of its own that is the embedding times two doubles every logit, exactly.
TEST_P(HfLogits, AHeadOfItsOwnIsUsed) {
  const grok1::test::TemporaryFolder folder;
  const std::string path = folder.path().string();
  write_hf_model(case_.path, path, HfOptions{});
  std::vector<StoredTensor> head;
  for (Weight& weight : golden_weights(case_.path)) {
    if (weight.role != grok1::TensorRole::kEmbedding) continue;
    for (float& value : weight.values) value *= 2;
    head.push_back(stored("lm_head.weight", "F32", weight));
  }
  std::vector<float> wanted = logits(path);
  for (float& value : wanted) value *= 2;
  write_safetensors(path + "/head.safetensors", head);
  const std::vector<float> found = logits(path);
  ASSERT_EQ(found.size(), wanted.size());
  EXPECT_EQ(std::memcmp(found.data(), wanted.data(), found.size() * sizeof(float)), 0);
}

std::string logits_name(const testing::TestParamInfo<HfLogits::ParamType>& logits) {
  std::string name = std::get<0>(logits.param) + "_" + std::get<1>(logits.param).name;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Cases, HfLogits,
                         testing::Combine(testing::Values("tiny", "order", "gqa6", "sharp", "two-groups", "odd"),
                                          testing::ValuesIn(kDevices)),
                         logits_name);

}  // namespace
}  // namespace checkpoints
