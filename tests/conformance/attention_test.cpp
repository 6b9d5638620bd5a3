// attention: ragged chunks over paged caches against the reference, and what single rows must give in closed form.
#include "tests/conformance/blocks.h"
#include "tests/conformance/compare.h"
#include "tests/conformance/rig.h"
#include "tests/conformance/suite.h"
#include "tests/conformance/tolerance.h"

namespace grok1::conformance {
namespace {

constexpr char kContract[] =
    "l[j] = (q . k[j]) * attention_multiplier, for all positions j <= p of the sequence; l[j] = cap * tanh(l[j] / "
    "cap), "
    "if attention_soft_cap is not 0; out = sum over j of softmax(l)[j] * v[j]; y[r] = concat of the heads' out . Wo";

using Schedule = std::vector<std::vector<Piece>>;

// Prefills of several sequences in one pass, then all of them by one, then one alone and one by a chunk again.
const Schedule kRagged = {{{0, 5}, {1, 1}, {2, 18}}, {{2, 1}, {0, 1}, {1, 1}}, {{1, 21}, {0, 1}}, {{2, 2}}};
// One below, at and above a page of 16, and a decode behind each.
const Schedule kAroundPages = {{{0, 15}, {1, 16}, {2, 17}}, {{0, 1}, {1, 1}, {2, 1}}, {{0, 1}, {1, 1}, {2, 1}}};
// Past 256 tokens, where a backend may split the sum over positions.
const Schedule kLong = {{{0, 128}}, {{0, 127}}, {{0, 1}}, {{0, 1}}, {{0, 1}}, {{0, 33}, {1, 9}}, {{1, 1}, {0, 1}}};

struct Case {
  const char* name;
  uint32_t d_model, heads, kv_heads, head_dim;
  Format format = kI8Bf16;
  uint32_t groups = 1;
  uint32_t page_tokens = 16;
  const Schedule* schedule = &kRagged;
  uint32_t cache = GROK1_CACHE_F32;
  float soft_cap = 5, rope_base = 10000;
  Delivery delivery = Delivery::kWhole;
};

// A case's model, weights and rows, made anew from the same seed for each device.
class Scene {
 public:
  explicit Scene(const Case& c) : case_(c), model_(small_model()), random_(c.d_model + c.heads) {
    model_.d_model = c.d_model, model_.heads = c.heads, model_.kv_heads = c.kv_heads, model_.head_dim = c.head_dim;
    model_.attention_multiplier = float(2 / std::sqrt(c.head_dim));
    model_.attention_soft_cap = c.soft_cap;
    model_.rope_base = c.rope_base;
    tensors_ = random_layer(random_, model_, c.format, c.groups);
    uint32_t sequences = 0, longest = 0;
    for (const auto& pieces : *c.schedule)
      for (const Piece& piece : pieces) sequences = std::max(sequences, piece.sequence + 1), longest += piece.rows;
    Sequences growing(random_, sequences, longest, c.page_tokens);
    limits_ = {128, sequences, growing.pages_per_sequence(), c.page_tokens};
    pages_ = growing.total_pages();
    for (const auto& pieces : *c.schedule) {
      passes_.push_back(growing.next(pieces));
      rows_.push_back(random_.normals(size_t(passes_.back().n_rows()) * c.d_model));
    }
  }

  // y of every pass.
  std::vector<std::vector<float>> run(Device& device) const {
    Rig rig(device, model_, limits_);
    // Layer 2 of a cache for layers 1 and 2: a backend must look up which of the cache's layers it is.
    const BoundLayer layer = bind_layer(device, model_, tensors_, whole_share(model_), kAttention, case_.delivery, 2);
    const Handle<grok1_kv> kv = rig.make_kv(pages_, case_.cache, {1, 2});
    std::vector<std::vector<float>> results;
    for (size_t i = 0; i < passes_.size(); ++i) {
      rig.set(passes_[i]);
      results.push_back(rig.attention(layer, kv, rig.import_act(rows_[i])));
    }
    return results;
  }

  Claim claim(size_t pass) const {
    return {"attention",
            case_.format.name() + ", " + text_of(model_) + ", pages of " + std::to_string(case_.page_tokens) +
                ", cache type " + std::to_string(case_.cache) + ", pass " + std::to_string(pass) + ": " +
                text_of((*case_.schedule)[pass]),
            model_.d_model, kContract};
  }

 private:
  Case case_;
  grok1_model_desc model_;
  Random random_;
  LayerTensors tensors_;
  Limits limits_;
  uint32_t pages_ = 0;
  std::vector<Pass> passes_;
  std::vector<std::vector<float>> rows_;
};

class Attention : public testing::TestWithParam<Case> {};

TEST_P(Attention, MatchesTheReference) {
  const Case& c = GetParam();
  GROK1_SKIP_IF_UNSUPPORTED(GROK1_SUPPORT_LINEAR, c.format.encoding, c.format.scale_encoding, c.format.order);
  GROK1_SKIP_IF_UNSUPPORTED(GROK1_SUPPORT_CACHE, c.cache);
  const Scene scene(c);
  const auto expected = scene.run(reference()), found = scene.run(candidate());
  for (size_t i = 0; i < expected.size(); ++i)
    expect_close(scene.claim(i), expected[i], found[i], with_cache(kChained, c.cache));
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, Attention,
    testing::Values(
        Case{"I8_SmallGroupOfThree", 96, 3, 1, 24}, Case{"I8_Grok1Heads", 256, 48, 8, 16},
        Case{"I8_OneHead", 48, 1, 1, 48}, Case{"I8_NoGrouping", 64, 4, 4, 16},
        Case{"I8_EightGroups", 128, 12, 2, 32, kI8Bf16, 8}, Case{"I8_TwoGroups", 63, 6, 2, 16, kI8Bf16, 2},
        Case{"I8_WideRows", 1024, 6, 2, 128, kI8Bf16, 8, 32}, Case{"I8_HeadOf64", 257, 5, 5, 64},
        Case{"I8_HeadOf2", 65, 9, 3, 2},
        Case{"I8_InPlace", 128, 12, 2, 32, kI8Bf16, 8, 16, &kRagged, GROK1_CACHE_F32, 5, 10000, Delivery::kInPlace},
        Case{"I8_AroundPages", 96, 6, 2, 16, kI8Bf16, 1, 16, &kAroundPages},
        Case{"I8_LongPagesOf16", 64, 6, 2, 16, kI8Bf16, 1, 16, &kLong},
        Case{"I8_LongPagesOf32", 64, 6, 2, 16, kI8Bf16, 1, 32, &kLong},
        Case{"I8_LongPagesOf256", 64, 6, 2, 16, kI8Bf16, 1, 256, &kLong},
        Case{"I8_WithoutCap", 96, 6, 2, 16, kI8Bf16, 1, 16, &kRagged, GROK1_CACHE_F32, 0},
        Case{"I8_Grok1Cap", 96, 6, 2, 16, kI8Bf16, 1, 16, &kRagged, GROK1_CACHE_F32, 30},
        Case{"I8_RopeBase500", 96, 6, 2, 16, kI8Bf16, 1, 16, &kRagged, GROK1_CACHE_F32, 5, 500},
        Case{"I8_CacheBf16", 96, 6, 2, 16, kI8Bf16, 1, 16, &kRagged, GROK1_CACHE_BF16},
        Case{"I8_CacheF16", 96, 6, 2, 16, kI8Bf16, 1, 16, &kRagged, GROK1_CACHE_F16},
        Case{"I8_CacheI8", 96, 6, 2, 16, kI8Bf16, 1, 16, &kRagged, GROK1_CACHE_I8},
        Case{"I8_CacheI8HeadOf128", 96, 12, 2, 128, kI8Bf16, 1, 16, &kRagged, GROK1_CACHE_I8},
        // Three kv heads: with_cache counts on many numbers, among 22 a single one that rounds the other way shows.
        Case{"I8_CacheI8HeadOf22", 96, 9, 3, 22, kI8Bf16, 1, 16, &kRagged, GROK1_CACHE_I8},
        Case{"I8_LongCacheBf16", 64, 6, 2, 16, kI8Bf16, 1, 32, &kLong, GROK1_CACHE_BF16},
        Case{"I8_LongCacheI8", 64, 6, 2, 16, kI8Bf16, 1, 32, &kLong, GROK1_CACHE_I8},
        Case{"I8F32_TwoGroups", 96, 6, 2, 16, kI8F32, 2}, Case{"F32_KN", 96, 6, 2, 16, kF32Kn},
        Case{"F32_KN_Odd", 255, 3, 1, 22, kF32Kn},
        Case{"F32_KN_InPlace", 96, 6, 2, 16, kF32Kn, 1, 16, &kRagged, GROK1_CACHE_F32, 5, 10000, Delivery::kInPlace},
        Case{"F32_NK", 96, 6, 2, 16, kF32Nk}, Case{"BF16_KN", 96, 6, 2, 16, kBf16Kn},
        Case{"BF16_NK", 96, 6, 2, 16, kBf16Nk}, Case{"F16_KN", 96, 6, 2, 16, kF16Kn},
        Case{"F16_NK", 96, 6, 2, 16, kF16Nk}),
    case_name<Case>);

std::vector<Case> cases_in_blocks() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const Format& format : block_formats()) all.push_back(format.name());
    return all;
  }();
  std::vector<Case> cases;
  for (size_t i = 0; i < names.size(); ++i) cases.push_back({names[i].c_str(), 256, 4, 2, 64, block_formats()[i]});
  cases.back().delivery = Delivery::kInPlace;
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Blocks, Attention, testing::ValuesIn(cases_in_blocks()), case_name<Case>);

// At position 0 softmax has one term, so y = concat over query heads of v of their kv head, times Wo: no reference
// needed.
TEST(AttentionClosedForm, OneRowIsItsOwnValue) {
  grok1_model_desc model = small_model();
  model.heads = 12, model.kv_heads = 4, model.head_dim = 8;
  Random random(5);
  const LayerTensors t = random_layer(random, model, kF32Kn);
  const std::vector<float> x = random.normals(model.d_model);
  std::vector<double> value(4 * 8);
  for (uint32_t n = 0; n < value.size(); ++n)
    for (uint32_t k = 0; k < model.d_model; ++k) value[n] += x[k] * t.v.at(0, k, n);
  std::vector<float> expected(model.d_model);
  for (uint32_t n = 0; n < model.d_model; ++n) {
    double sum = 0;
    for (uint32_t h = 0; h < 12; ++h)
      for (uint32_t i = 0; i < 8; ++i) sum += value[h / 3 * 8 + i] * t.o.at(0, h * 8 + i, n);
    expected[n] = float(sum);
  }
  Rig rig(candidate(), model);
  rig.set(plain_pass(1, Limits().pages));
  const BoundLayer layer = bind_layer(candidate(), model, t, whole_share(model), kAttention);
  expect_close({"attention", "one row at position 0", model.d_model,
                "query head h reads kv head h / (heads / kv_heads); y[r] = concat of the heads' out . Wo"},
               expected, rig.attention(layer, rig.make_kv(1, GROK1_CACHE_F32), rig.import_act(x)), kChained);
}

// Two sequences read the same page of a common prefix; each goes on in a page of its own.
TEST(AttentionPages, SequencesMayShareAPageThatNoneWrites) {
  const grok1_model_desc model = small_model();
  Random random(6);
  const LayerTensors t = random_layer(random, model, kI8Bf16);
  const std::vector<float> prefix = random.normals(16 * model.d_model), rest = random.normals(7 * model.d_model);
  const auto run = [&](Device& device) {
    Rig rig(device, model);
    const BoundLayer layer = bind_layer(device, model, t, whole_share(model), kAttention);
    const Handle<grok1_kv> kv = rig.make_kv(4, GROK1_CACHE_F32);
    Pass first, second;
    first.add(0, 16, {2}, Limits().pages);
    second.add(16, 3, {2, 0}, Limits().pages);
    second.add(16, 4, {2, 3}, Limits().pages);
    rig.set(first);
    rig.attention(layer, kv, rig.import_act(prefix));
    rig.set(second);
    return rig.attention(layer, kv, rig.import_act(rest));
  };
  expect_close({"attention", "two sequences on one prefix page", model.d_model,
                "K and V of position p of chunk c are at token p % page_tokens of page page_table[c][p / page_tokens]"},
               run(reference()), run(candidate()), kChained);
}

// Logits of attention as large as real ones: without a cap they reach 88, where exp of float32 overflows.
TEST(AttentionRange, LargeLogitsDoNotOverflow) {
  for (const float cap : {0.0f, 30.0f}) {
    grok1_model_desc model = small_model();
    model.attention_multiplier = 12;
    model.attention_soft_cap = cap;
    Random random(7);
    const LayerTensors t = random_layer(random, model, kF32Kn);
    const std::vector<float> x = random.normals(40 * model.d_model);
    const auto run = [&](Device& device) {
      Rig rig(device, model);
      rig.set(plain_pass(40, Limits().pages));
      const BoundLayer layer = bind_layer(device, model, t, whole_share(model), kAttention);
      return rig.attention(layer, rig.make_kv(8, GROK1_CACHE_F32), rig.import_act(x));
    };
    // l has a deviation of 48, so an error of kLinear in it moves softmax by up to 0.5 %, most of it where two keys
    // tie.
    expect_close({"attention", "logits of deviation 48, cap " + std::to_string(cap), model.d_model,
                  "softmax with the largest l subtracted"},
                 run(reference()), run(candidate()), 48 * kLinear);
  }
}

}  // namespace
}  // namespace grok1::conformance
