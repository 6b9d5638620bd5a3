// Bad arguments of operators and bindings: each is refused with a negative status and words, and the device goes on as
// if nothing had been asked. What step_set, weights and caches refuse is in their own tests.
#include "tests/conformance/compare.h"
#include "tests/conformance/rig.h"
#include "tests/conformance/suite.h"
#include "tests/conformance/tolerance.h"

namespace grok1::conformance {
namespace {

const grok1_head kUnknown{sizeof(grok1_head), 0x7fff, nullptr};
constexpr uint32_t kRows = 5;

// One of everything, and arguments of every operator that are right.
class Refusals : public testing::Test {
 protected:
  grok1_model_desc model = small_model();
  Random random{31};
  LayerTensors tensors = random_layer(random, model, kF32Kn);
  Tensor table = random_embedding(random, model, GROK1_ENCODING_F32);
  std::vector<float> rows = random.normals(kRows * model.d_model);
  Rig rig{candidate(), model};
  BoundLayer layer = bind_layer(candidate(), model, tensors, whole_share(model));
  BoundHead head = bind_head(candidate(), model, table);
  Handle<grok1_kv> kv = rig.make_kv(8, GROK1_CACHE_F32);
  Handle<grok1_weight> scale = upload(candidate(), random_vector(random, GROK1_ENCODING_F32, model.d_model));
  Region h{candidate(), "h", rows}, y{candidate(), "y", rows};
  Region out{candidate(), "logits", kRows* model.vocab_size * sizeof(float)};
  Handle<grok1_act> x;
  Handle<grok1_route> route;

  void SetUp() override {
    rig.set(plain_pass(kRows, Limits().pages));
    x = rig.import_act(rows);
    route = rig.moe_route(layer, x);
  }

  // After all refusals results are still right.
  void TearDown() override {
    Rig oracle(reference(), model);
    oracle.set(plain_pass(kRows, Limits().pages));
    rig.set(plain_pass(kRows, Limits().pages));
    const BoundHead expected = bind_head(reference(), model, table);
    expect_close({"logits", "after refusals", model.vocab_size, "a bad argument fails at once"},
                 oracle.logits(expected, model.vocab_size, oracle.import_act(rows)),
                 rig.logits(head, model.vocab_size, x), kLinear);
  }

  template <class Slot, class Arguments, class Change>
  grok1_status refused(const char* what, Slot slot, Arguments args, Change change) {
    change(args);
    return expect_refused(what, slot, candidate().handle(), static_cast<const Arguments*>(&args));
  }

  // What is the same for every operator.
  template <class Slot, class Arguments>
  void refused_in_common(const std::string& name, Slot slot, const Arguments& right) {
    const auto text = [&](const char* what) { return name + ": " + what; };
    refused(text("queue NULL").c_str(), slot, right, [](Arguments& a) { a.queue = nullptr; });
    refused(text("step NULL").c_str(), slot, right, [](Arguments& a) { a.step = nullptr; });
    refused(text("a struct too small for its fields").c_str(), slot, right,
            [](Arguments& a) { a.head.struct_size = sizeof(grok1_head); });
    EXPECT_EQ(
        refused(text("an unknown chained struct").c_str(), slot, right, [](Arguments& a) { a.head.next = &kUnknown; }),
        GROK1_E_UNKNOWN_FIELD)
        << name << ": refuses chained structs it does not know with GROK1_E_UNKNOWN_FIELD";
    expect_refused(text("args NULL"), slot, candidate().handle(), static_cast<const Arguments*>(nullptr));
  }

  // Right arguments inside a struct of a later version, whose new fields are zero.
  template <class Slot, class Arguments>
  void accepts_larger(const char* name, Slot slot, const Arguments& right) {
    struct Later {
      Arguments args;
      uint64_t later[4];
    } later{right, {}};
    later.args.head.struct_size = sizeof later;
    call(name, slot, candidate().handle(), static_cast<const Arguments*>(&later.args));
    candidate().sync();
  }
};

TEST_F(Refusals, Embed) {
  grok1_embed_args right = GROK1_INIT(grok1_embed_args);
  right.queue = candidate().queue(), right.step = rig.step(), right.lm_head = head.head.get();
  right.next_norm = scale.get(), right.h = h.buffer(), right.h_offset = h.offset(), right.x = x.get();
  const auto slot = candidate().ops().embed;
  refused_in_common("embed", slot, right);
  refused("lm_head NULL", slot, right, [](auto& a) { a.lm_head = nullptr; });
  refused("x without a norm", slot, right, [](auto& a) { a.next_norm = nullptr; });
  refused("h NULL", slot, right, [](auto& a) { a.h = nullptr; });
  refused("h past its buffer", slot, right, [](auto& a) { a.h_offset += 4096; });
  refused("an odd offset", slot, right, [](auto& a) { a.h_offset = 2; });
  refused("a linear weight as norm", slot, right, [&](auto& a) { a.next_norm = layer.weights[0].get(); });
  accepts_larger("embed", slot, right);
  x = rig.import_act(rows);
}

TEST_F(Refusals, Attention) {
  grok1_attention_args right = GROK1_INIT(grok1_attention_args);
  right.queue = candidate().queue(), right.step = rig.step(), right.layer = layer.layer.get();
  right.kv = kv.get(), right.x = x.get(), right.y = y.buffer(), right.y_offset = y.offset();
  const auto slot = candidate().ops().attention;
  refused_in_common("attention", slot, right);
  refused("layer NULL", slot, right, [](auto& a) { a.layer = nullptr; });
  refused("kv NULL", slot, right, [](auto& a) { a.kv = nullptr; });
  refused("x NULL", slot, right, [](auto& a) { a.x = nullptr; });
  refused("y NULL", slot, right, [](auto& a) { a.y = nullptr; });
  refused("y past its buffer", slot, right, [](auto& a) { a.y_offset += 4096; });
  refused("y at a wrapping offset", slot, right, [](auto& a) { a.y_offset = ~uint64_t(0) - 3; });
  const BoundLayer without = bind_layer(candidate(), model, tensors, whole_share(model), kExperts);
  refused("a layer without attention", slot, right, [&](auto& a) { a.layer = without.layer.get(); });
  const Handle<grok1_kv> other = rig.make_kv(8, GROK1_CACHE_F32, {1, 2});
  refused("a cache without the layer", slot, right, [&](auto& a) { a.kv = other.get(); });
  const Handle<grok1_kv> part = rig.make_kv(8, GROK1_CACHE_F32, {0}, 0, 1);
  refused("a cache of other kv heads", slot, right, [&](auto& a) { a.kv = part.get(); });
  accepts_larger("attention", slot, right);
}

TEST_F(Refusals, AddNorm) {
  grok1_add_norm_args right = GROK1_INIT(grok1_add_norm_args);
  right.queue = candidate().queue(), right.step = rig.step();
  right.post_norm = right.next_norm = scale.get();
  right.h = h.buffer(), right.h_offset = h.offset(), right.y = y.buffer(), right.y_offset = y.offset();
  right.x = x.get();
  const auto slot = candidate().ops().add_norm;
  refused_in_common("add_norm", slot, right);
  refused("h NULL", slot, right, [](auto& a) { a.h = nullptr; });
  refused("y without a norm", slot, right, [](auto& a) { a.post_norm = nullptr; });
  refused("x without a norm", slot, right, [](auto& a) { a.next_norm = nullptr; });
  refused("h past its buffer", slot, right, [](auto& a) { a.h_offset += 4096; });
  refused("y past its buffer", slot, right, [](auto& a) { a.y_offset += 4096; });
  const Handle<grok1_weight> small = upload(candidate(), random_vector(random, GROK1_ENCODING_F32, 95));
  refused("a norm of another size", slot, right, [&](auto& a) { a.next_norm = small.get(); });
  accepts_larger("add_norm", slot, right);
  x = rig.import_act(rows);
}

TEST_F(Refusals, MoeRoute) {
  grok1_route_args right = GROK1_INIT(grok1_route_args);
  right.queue = candidate().queue(), right.step = rig.step(), right.layer = layer.layer.get();
  right.x = x.get(), right.route = route.get();
  const auto slot = candidate().ops().moe_route;
  refused_in_common("moe_route", slot, right);
  refused("layer NULL", slot, right, [](auto& a) { a.layer = nullptr; });
  refused("x NULL", slot, right, [](auto& a) { a.x = nullptr; });
  refused("route NULL", slot, right, [](auto& a) { a.route = nullptr; });
  const BoundLayer without = bind_layer(candidate(), model, tensors, whole_share(model), kExperts);
  refused("a layer without router", slot, right, [&](auto& a) { a.layer = without.layer.get(); });
  accepts_larger("moe_route", slot, right);
}

TEST_F(Refusals, MoeExperts) {
  grok1_experts_args right = GROK1_INIT(grok1_experts_args);
  right.queue = candidate().queue(), right.step = rig.step(), right.layer = layer.layer.get();
  right.x = x.get(), right.route = route.get(), right.y = y.buffer(), right.y_offset = y.offset();
  const auto slot = candidate().ops().moe_experts;
  refused_in_common("moe_experts", slot, right);
  refused("layer NULL", slot, right, [](auto& a) { a.layer = nullptr; });
  refused("x NULL", slot, right, [](auto& a) { a.x = nullptr; });
  refused("route NULL", slot, right, [](auto& a) { a.route = nullptr; });
  refused("y NULL", slot, right, [](auto& a) { a.y = nullptr; });
  refused("y past its buffer", slot, right, [](auto& a) { a.y_offset += 4096; });
  const BoundLayer without = bind_layer(candidate(), model, tensors, whole_share(model), kAttention);
  refused("a layer without experts", slot, right, [&](auto& a) { a.layer = without.layer.get(); });
  accepts_larger("moe_experts", slot, right);
}

TEST_F(Refusals, Logits) {
  grok1_logits_args right = GROK1_INIT(grok1_logits_args);
  right.queue = candidate().queue(), right.step = rig.step(), right.lm_head = head.head.get();
  right.x = x.get(), right.logits = out.buffer(), right.logits_offset = out.offset();
  const auto slot = candidate().ops().logits;
  refused_in_common("logits", slot, right);
  refused("lm_head NULL", slot, right, [](auto& a) { a.lm_head = nullptr; });
  refused("x NULL", slot, right, [](auto& a) { a.x = nullptr; });
  refused("logits NULL", slot, right, [](auto& a) { a.logits = nullptr; });
  refused("logits past their buffer", slot, right, [](auto& a) { a.logits_offset += 4096; });
  accepts_larger("logits", slot, right);
}

TEST_F(Refusals, LayerBind) {
  grok1_layer_desc right = GROK1_INIT(grok1_layer_desc);
  right.model = &model;
  right.q = layer.weights[0].get(), right.k = layer.weights[1].get(), right.v = layer.weights[2].get();
  right.o = layer.weights[3].get(), right.router = layer.weights[4].get(), right.gate = layer.weights[5].get();
  right.up = layer.weights[6].get(), right.down = layer.weights[7].get();
  right.kv_head_end = model.kv_heads, right.expert_end = model.experts, right.ffn_end = model.ffn;
  const auto refused_desc = [&](const char* what, auto change) {
    grok1_layer_desc desc = right;
    change(desc);
    grok1_layer* made = nullptr;
    expect_refused(what, candidate().ops().layer_bind, candidate().handle(),
                   static_cast<const grok1_layer_desc*>(&desc), &made);
  };
  refused_desc("model NULL", [](grok1_layer_desc& d) { d.model = nullptr; });
  refused_desc("q without o", [](grok1_layer_desc& d) { d.o = nullptr; });
  refused_desc("gate without down", [](grok1_layer_desc& d) { d.down = nullptr; });
  refused_desc("k as q", [](grok1_layer_desc& d) { d.q = d.k; });
  refused_desc("down as gate", [](grok1_layer_desc& d) { d.gate = d.down; });
  refused_desc("a vector as router", [&](grok1_layer_desc& d) { d.router = scale.get(); });
  refused_desc("a kv head range that the slices are not", [](grok1_layer_desc& d) { d.kv_head_end = 1; });
  refused_desc("an expert range that the slices are not", [](grok1_layer_desc& d) { d.expert_begin = 1; });
  refused_desc("an ffn range that the slices are not", [](grok1_layer_desc& d) { d.ffn_end = 100; });
  refused_desc("a layer past the last", [](grok1_layer_desc& d) { d.index = 4; });
  refused_desc("flags", [](grok1_layer_desc& d) { d.flags = 1; });
  refused_desc("an unknown chained struct", [](grok1_layer_desc& d) { d.head.next = &kUnknown; });
}

TEST_F(Refusals, LmHeadBind) {
  const auto refused_desc = [&](const char* what, auto change) {
    grok1_lm_head_desc desc = GROK1_INIT(grok1_lm_head_desc);
    desc.model = &model, desc.embedding = head.embedding.get(), desc.vocab_end = model.vocab_size;
    change(desc);
    grok1_lm_head* made = nullptr;
    expect_refused(what, candidate().ops().lm_head_bind, candidate().handle(),
                   static_cast<const grok1_lm_head_desc*>(&desc), &made);
  };
  refused_desc("model NULL", [](grok1_lm_head_desc& d) { d.model = nullptr; });
  refused_desc("embedding NULL", [](grok1_lm_head_desc& d) { d.embedding = nullptr; });
  refused_desc("a range that the slice is not", [](grok1_lm_head_desc& d) { d.vocab_begin = 1; });
  refused_desc("a range past the vocabulary", [](grok1_lm_head_desc& d) { d.vocab_end = 251; });
  refused_desc("a weight of another shape", [&](grok1_lm_head_desc& d) { d.embedding = layer.weights[0].get(); });
  refused_desc("an output matrix of another shape", [&](grok1_lm_head_desc& d) { d.output = layer.weights[0].get(); });
  const Handle<grok1_weight> kn =
      upload(candidate(), random_linear(random, kF32Kn, 1, 1, model.d_model, model.vocab_size, 1));
  refused_desc("an output matrix of order KN", [&](grok1_lm_head_desc& d) { d.output = kn.get(); });
  refused_desc("an unknown chained struct", [](grok1_lm_head_desc& d) { d.head.next = &kUnknown; });
}

// Hosts of ABI 0.1 have structs that end before `output`: what lies there in their memory is not read.
TEST_F(Refusals, LmHeadBindOfAnOlderHost) {
  grok1_lm_head_desc desc = GROK1_INIT(grok1_lm_head_desc);
  desc.head.struct_size = offsetof(grok1_lm_head_desc, output);
  desc.model = &model, desc.embedding = head.embedding.get(), desc.vocab_end = model.vocab_size;
  desc.output = layer.weights[0].get();
  grok1_lm_head* made = nullptr;
  call("lm_head_bind", candidate().ops().lm_head_bind, candidate().handle(), &desc, &made);
  const BoundHead older{nullptr, nullptr, candidate().own(made, candidate().ops().lm_head_free)};
  expect_same_bits({"logits", "lm_head_bind of ABI 0.1", model.vocab_size, "NULL: the embedding"},
                   rig.logits(head, model.vocab_size, x), rig.logits(older, model.vocab_size, x));
}

TEST_F(Refusals, Transfers) {
  const grok1_backend_ops& ops = candidate().ops();
  grok1_queue* queue = candidate().queue();
  const Region host(candidate(), "rows", rows, GROK1_MEMORY_HOST);
  const grok1_act* source = x.get();
  const grok1_buffer* from = host.buffer();
  expect_refused("act_export past the buffer", ops.act_export, rig.step(), queue, source, host.buffer(),
                 host.offset() + 4096);
  expect_refused("act_export to NULL", ops.act_export, rig.step(), queue, source, static_cast<grok1_buffer*>(nullptr),
                 uint64_t(0));
  expect_refused("act_import past the buffer", ops.act_import, rig.step(), queue, x.get(), from, host.offset() + 4096);
  expect_refused("act_import to NULL", ops.act_import, rig.step(), queue, static_cast<grok1_act*>(nullptr), from,
                 host.offset());
  expect_refused("route_export past the buffer", ops.route_export, rig.step(), queue,
                 static_cast<const grok1_route*>(route.get()), host.buffer(), uint64_t(1) << 40, host.buffer(),
                 uint64_t(0));
  expect_refused("route_import from NULL", ops.route_import, rig.step(), queue, route.get(),
                 static_cast<const grok1_buffer*>(nullptr), uint64_t(0), from, uint64_t(0));
  Rig other(candidate(), model);
  other.set(plain_pass(kRows, Limits().pages));
  expect_refused("rows of another step", ops.act_export, other.step(), queue, source, host.buffer(), host.offset());
}

}  // namespace
}  // namespace grok1::conformance
