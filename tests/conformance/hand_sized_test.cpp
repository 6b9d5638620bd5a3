// Cases small enough to work out on paper; each comment shows how. They need no reference, and so tell whether the
// reference itself, which judges all other backends, means the right thing.
#include "tests/conformance/compare.h"
#include "tests/conformance/rig.h"
#include "tests/conformance/suite.h"
#include "tests/conformance/tolerance.h"

namespace grok1::conformance {
namespace {

// One expert with one column and a vocabulary of two; tests change what they look at.
grok1_model_desc tiny_model(uint32_t d_model, uint32_t heads, uint32_t kv_heads, uint32_t head_dim) {
  grok1_model_desc model = small_model();
  model.d_model = d_model, model.heads = heads, model.kv_heads = kv_heads, model.head_dim = head_dim;
  model.ffn = model.experts = model.experts_used = 1;
  model.vocab_size = 2;
  model.attention_multiplier = 1, model.attention_soft_cap = 0;
  model.rope_base = 10000;
  model.rms_norm_eps = 1e-5f;
  return model;
}

Tensor tensor_of(uint32_t kind, Format format, uint64_t k, uint64_t n, const std::vector<float>& numbers) {
  Tensor tensor{kind, format, 1, 0, k, n, {}, {}, {}};
  const size_t bytes = bytes_of(format.encoding);
  tensor.data.resize(numbers.size() * bytes);
  for (size_t i = 0; i < numbers.size(); ++i) store_number(format.encoding, numbers[i], &tensor.data[i * bytes]);
  return tensor;
}

// [k, n].
Tensor linear(uint64_t k, uint64_t n, const std::vector<float>& numbers) {
  return tensor_of(GROK1_WEIGHT_LINEAR, kF32Kn, k, n, numbers);
}

Tensor identity(uint32_t n) {
  std::vector<float> numbers(size_t(n) * n);
  for (uint32_t i = 0; i < n; ++i) numbers[i * n + i] = 1;
  return linear(n, n, numbers);
}

std::vector<float> attend(Rig& rig, const LayerTensors& tensors, const Handle<grok1_kv>& kv,
                          const std::vector<float>& x) {
  rig.set(plain_pass(uint32_t(x.size() / rig.model().d_model), Limits().pages));
  const BoundLayer layer = bind_layer(rig.device(), rig.model(), tensors, whole_share(rig.model()), kAttention);
  return rig.attention(layer, kv, rig.import_act(x));
}

std::vector<float> run_expert(const grok1_model_desc& model, const LayerTensors& tensors, const Share& share,
                              const std::vector<float>& x, float gate) {
  Rig rig(candidate(), model);
  rig.set(plain_pass(1, Limits().pages));
  const BoundLayer layer = bind_layer(candidate(), model, tensors, share, kExperts);
  return rig.moe_experts(layer, rig.import_act(x), rig.import_route({{0}, {gate}}));
}

// norm of y = (3, 4) with scales (2, 1): mean of squares 12.5, root 3.5355339; 6 / 3.5355339 = 1.6970563, 4 / 3.5355339
// = 1.1313708 (eps, 1e-5, is 8e-7 of 12.5). h = (1, 2) + that = (2.6970563, 3.1313708).
// x: mean of squares (7.2741127 + 9.8054831) / 2 = 8.5397979, root 2.9222933; 2 * 0.9229246 = 1.8458492, 1.0715457.
TEST(HandSized, AddNorm) {
  Rig rig(candidate(), tiny_model(2, 1, 1, 2));
  rig.set(plain_pass(1, Limits().pages));
  const Tensor scales = tensor_of(GROK1_WEIGHT_VECTOR, kF32Kn, 2, 1, {2, 1});
  const Handle<grok1_weight> norm = upload(candidate(), scales);
  const Normed found = rig.add_norm({1, 2}, {3, 4}, norm, norm);
  expect_close({"add_norm", "h, by hand", 2, "h += norm(y, post_norm)"}, {2.6970563f, 3.1313708f}, found.h, kFloat32);
  expect_close({"add_norm", "x, by hand", 2, "x = norm(h, next_norm)"}, {1.8458492f, 1.0715457f}, found.x, kFloat32);
}

// Token 1's row is (3, -1), times 10. For x = (2, 1) its logit is (6 - 1) / 2, token 0's, of (1, 2), is (2 + 2) / 2.
TEST(HandSized, EmbedAndLogits) {
  grok1_model_desc model = tiny_model(2, 1, 1, 2);
  model.embedding_multiplier = 10, model.output_multiplier = 0.5f;
  const BoundHead head = bind_head(candidate(), model, tensor_of(GROK1_WEIGHT_LINEAR, kF32Nk, 2, 2, {1, 2, 3, -1}));
  Rig rig(candidate(), model);
  Pass pass = plain_pass(1, Limits().pages);
  pass.tokens[0] = 1;
  rig.set(pass);
  expect_close({"embed", "by hand", 2, "h[r] = embedding[token[r]] * embedding_multiplier"}, {30, -10},
               rig.embed(head, nullptr).h, kRounding);
  expect_close({"logits", "by hand", 2, "(x[logit_rows[i]] . embedding[v]) * output_multiplier"}, {2, 2.5f},
               rig.logits(head, 2, rig.import_act({2, 1})), kLinear);
}

// One head of 2 dimensions, all weights the identity. Rows (1, 0) and (0, 1) at positions 0 and 1. With head_dim 2 the
// only angle is the position itself.
//   y[0] = v[0] = (1, 0)
//   q[1] = k[1] = (0, 1) turned by 1: (-sin 1, cos 1) = (-0.84147098, 0.54030231); k[0] = (1, 0)
// With an attention multiplier of 2 and no cap:
//   l[0] = -1.68294197, l[1] = 2; e^-1.68294197 = 0.18582648 and e^2 = 7.38905610, together 7.57488257;
//   v[0] weighs 0.18582648 / 7.57488257 = 0.02453193
// With a cap of 2:
//   l[0] = 2 tanh -0.84147098 = -1.37317481, l[1] = 2 tanh 1 = 1.52318831, 2.89636313 apart;
//   v[0] weighs 1 / (1 + e^2.89636313) = 1 / 19.10816834 = 0.05233364.
TEST(HandSized, AttentionOfTwoTokens) {
  LayerTensors t;
  t.q = t.k = t.v = t.o = identity(2);
  for (const auto& [cap, first] : {std::pair(0.0f, 0.02453193f), std::pair(2.0f, 0.05233364f)}) {
    grok1_model_desc model = tiny_model(2, 1, 1, 2);
    model.attention_multiplier = 2, model.attention_soft_cap = cap;
    Rig rig(candidate(), model);
    expect_close({"attention", cap == 0 ? "by hand, no cap" : "by hand, cap 2", 2,
                  "l[j] = cap * tanh(l[j] / cap), if attention_soft_cap is not 0; out = sum over j of softmax(l)[j] * "
                  "v[j]"},
                 {1, 0, first, 1 - first}, attend(rig, t, rig.make_kv(1, GROK1_CACHE_F32), {1, 0, 0, 1}), kChained);
  }
}

// Head dimension 4: dimensions 0 and 2 turn by p, 1 and 3 by p * 10000^(-2 / 4) = p / 100. (1, 2, 3, 4) at p = 1:
//   0: cos 1 - 3 sin 1 = 0.54030231 - 2.52441295 = -1.98411065
//   1: 2 cos .01 - 4 sin .01 = 1.99990000 - 0.03999933 = 1.95990067
//   2: 3 cos 1 + sin 1 = 1.62090692 + 0.84147098 = 2.46237790
//   3: 4 cos .01 + 2 sin .01 = 3.99980000 + 0.01999967 = 4.01979967
TEST(HandSized, RopeTurnsKeysAndNotValues) {
  LayerTensors t;
  t.q = t.k = t.v = t.o = identity(4);
  Rig rig(candidate(), tiny_model(4, 1, 1, 4));
  const Handle<grok1_kv> kv = rig.make_kv(1, GROK1_CACHE_F32);
  attend(rig, t, kv, {1, 2, 3, 4, 1, 2, 3, 4});
  std::vector<float> found(16);
  call("kv_export", candidate().ops().kv_export, kv.get(), candidate().queue(), 0u, 0u, 2u,
       static_cast<void*>(found.data()), uint64_t(16 * sizeof(float)));
  candidate().sync();
  expect_close({"attention", "K, then V of positions 0 and 1, by hand", 4,
                "RoPE on q and k, all head_dim dimensions, halves rotated (GPT-NeoX)"},
               {1, 2, 3, 4, -1.98411065f, 1.95990067f, 2.46237790f, 4.01979967f, 1, 2, 3, 4, 1, 2, 3, 4}, found,
               kLinear);
}

// Four query heads of 2 dimensions on two kv heads, one token, so that each head gives its kv head's v. Of x = (1, 2,
// 0, 0) Wv makes (1, 0) for kv head 0 and (2, 0) for 1. Wo puts the first dimension of head h into column h: (1, 1, 2,
// 2). With kv head = h mod 2 it would be (1, 2, 1, 2).
TEST(HandSized, FourHeadsReadTwoKvHeads) {
  std::vector<float> v(4 * 4), o(8 * 4);
  v[0 * 4 + 0] = v[1 * 4 + 2] = 1;
  for (size_t h = 0; h < 4; ++h) o[2 * h * 4 + h] = 1;
  LayerTensors t;
  t.q = linear(4, 8, std::vector<float>(4 * 8));
  t.k = linear(4, 4, std::vector<float>(4 * 4));
  t.v = linear(4, 4, v), t.o = linear(8, 4, o);
  Rig rig(candidate(), tiny_model(4, 4, 2, 2));
  expect_close(
      {"attention", "four heads on two kv heads, by hand", 4, "query head h reads kv head h / (heads / kv_heads)"},
      {1, 1, 2, 2}, attend(rig, t, rig.make_kv(1, GROK1_CACHE_F32), {1, 2, 0, 0}), kLinear);
}

// Row 0: sums 0, ln 2, ln 5: p = 1/8, 2/8, 5/8, the best two are 2 and 1. Row 1: sums ln 2, 0, ln 2: p = 2/5, 1/5, 2/5,
// a tie that the lower index wins.
TEST(HandSized, MoeRoute) {
  grok1_model_desc model = tiny_model(2, 1, 1, 2);
  model.experts = 3, model.experts_used = 2;
  const float ln2 = 0.69314718f, ln5 = 1.60943791f;
  LayerTensors t;
  t.router = linear(2, 3, {0, ln2, ln5, ln2, 0, ln2});
  Rig rig(candidate(), model);
  rig.set(plain_pass(2, Limits().pages));
  const BoundLayer layer = bind_layer(candidate(), model, t, whole_share(model), kRouter);
  const Routing found = rig.export_route(rig.moe_route(layer, rig.import_act({1, 0, 0, 1})));
  EXPECT_EQ(found.experts, (std::vector<int32_t>{2, 1, 0, 2})) << "best first, equal ones by lower index";
  expect_close({"moe_route", "by hand", 2, "gates are their p, NOT renormalised"}, {0.625f, 0.25f, 0.4f, 0.4f},
               found.gates, kFloat32);
}

// x = (1, 1): gate -3 + 1 = -2, up 3 - 1 = 2. gelu(-2) = -(1 + tanh(0.79788456 * -2.35772)) = -(1 - 0.95459769) =
// -0.04540231 (the erf form: -0.04550026). Times 2 = -0.09080461, down (1, -2), route's gate 0.25.
TEST(HandSized, OneExpert) {
  const grok1_model_desc model = tiny_model(2, 1, 1, 2);
  LayerTensors t;
  t.gate = linear(2, 1, {-3, 1}), t.up = linear(2, 1, {3, -1}), t.down = linear(1, 2, {1, -2});
  expect_close(
      {"moe_experts", "one expert, by hand", 2, "gate_e * ((gelu(x[r] . Wgate_e) * (x[r] . Wup_e)) . Wdown_e)"},
      {-0.02270115f, 0.04540231f}, run_expert(model, t, whole_share(model), {1, 1}, 0.25f), kChained);
}

// down is int8 with two groups along K = 4: 10, -20 with scale 0.5 and 30, 40 with 0.25, so 5, -10, 7.5, 10, together
// 12.5. gate and up are ones, so that every hidden number is gelu(1) = 0.5 (1 + tanh(0.79788456 * 1.044715)) =
// 0.84119199. The ffn range 1 .. 3 cuts both groups: -10 + 7.5 = -2.5.
TEST(HandSized, ScaleGroups) {
  grok1_model_desc model = tiny_model(1, 1, 1, 2);
  model.ffn = 4;
  LayerTensors t;
  t.gate = t.up = linear(1, 4, {1, 1, 1, 1});
  t.down = tensor_of(GROK1_WEIGHT_LINEAR, kI8Bf16, 4, 1, {10, -20, 30, 40});
  t.down.groups = 2;
  t.down.scales.resize(2 * bytes_of(GROK1_ENCODING_BF16));
  store_number(GROK1_ENCODING_BF16, 0.5f, &t.down.scales[0]);
  store_number(GROK1_ENCODING_BF16, 0.25f, &t.down.scales[bytes_of(GROK1_ENCODING_BF16)]);
  for (const auto& [begin, end, sum] : {std::tuple(0u, 4u, 12.5f), std::tuple(1u, 3u, -2.5f)})
    expect_close({"moe_experts", "ffn " + std::to_string(begin) + " .. " + std::to_string(end) + ", by hand", 1,
                  "w = int8 * scale[expert][k / (K / groups)][n]. A slice may cut a group."},
                 {0.84119199f * sum}, run_expert(model, t, {0, 1, 0, 1, begin, end}, {1}, 1), kChained);
}

}  // namespace
}  // namespace grok1::conformance
