// The extension grok1.inputs/1, where a backend offers it: the rows that operators show are those that their matrices
// are multiplied with. Skipped where it is not offered.
#include <cmath>
#include <map>
#include <thread>
#include <tuple>

#include "tests/conformance/compare.h"
#include "tests/conformance/rig.h"
#include "tests/conformance/suite.h"
#include "tests/conformance/tolerance.h"

namespace grok1::conformance {
namespace {

constexpr char kContract[] =
    "call `fn` with the inputs of each matrix that they multiply: the float32 numbers themselves; the rows of one "
    "`what`, layer and expert come once each and in the order of the pass";

const grok1_inputs_ops* inputs_ops(const Device& device) {
  const auto get = device.ops().get_extension;
  return get == nullptr ? nullptr : static_cast<const grok1_inputs_ops*>(get(device.backend(), "grok1.inputs/1"));
}

using Key = std::tuple<uint32_t, uint32_t, uint32_t>;  // what, layer, expert

// What was shown while this was there.
class Watch {
 public:
  explicit Watch(const Rig& rig) : rig_(rig) { observe(&Watch::add, this); }
  ~Watch() { observe(nullptr, nullptr); }
  Watch(const Watch&) = delete;

  std::map<Key, std::vector<float>> rows;
  std::map<Key, uint64_t> widths;

 private:
  static void GROK1_CALL add(void* context, const grok1_inputs* inputs) {
    auto& self = *static_cast<Watch*>(context);
    EXPECT_EQ(std::this_thread::get_id(), self.thread_) << kContract;
    EXPECT_GE(inputs->head.struct_size, sizeof(grok1_inputs));
    EXPECT_EQ(inputs->head.type, uint32_t(GROK1_TYPE_INPUTS));
    EXPECT_GE(inputs->n_rows, 1u);
    const Key key{inputs->what, inputs->layer, inputs->expert};
    std::vector<float>& to = self.rows[key];
    to.insert(to.end(), inputs->rows, inputs->rows + inputs->n_rows * inputs->width);
    EXPECT_EQ(self.widths.emplace(key, inputs->width).first->second, inputs->width);
  }
  void observe(grok1_inputs_fn fn, void* context) const {
    call("step_observe", inputs_ops(rig_.device())->step_observe, rig_.step(), fn, context);
  }

  const Rig& rig_;
  std::thread::id thread_ = std::this_thread::get_id();
};

// out += factor * in . w[expert], for the k of a slice and all n, in double.
void add_product(const Tensor& w, uint32_t expert, uint64_t k_begin, const std::vector<float>& in, size_t at,
                 uint64_t width, double factor, std::vector<double>& out, size_t out_at) {
  for (uint64_t k = 0; k < width; ++k)
    for (uint64_t n = 0; n < w.n; ++n) out[out_at + n] += factor * in[at + k] * w.at(expert, k_begin + k, n);
}

std::vector<float> floats_of(const std::vector<double>& values) {
  return {values.begin(), values.end()};
}

class Inputs : public testing::TestWithParam<Format> {
 protected:
  const grok1_model_desc model = small_model();
  Random random{77};
  const LayerTensors tensors = random_layer(random, model, GetParam(), 2);

  void SetUp() override {
    if (inputs_ops(candidate()) == nullptr) GTEST_SKIP() << "the backend does not offer grok1.inputs/1";
    ASSERT_GE(inputs_ops(candidate())->struct_size, sizeof(grok1_inputs_ops));
  }
  Claim claim(const char* function, const char* what, size_t width) const {
    return {function, GetParam().name() + ", " + text_of(model) + ", " + what, width, kContract};
  }
};

struct Attended {
  std::vector<float> y, unwatched, o;
  std::map<Key, uint64_t> widths;
};

// x and the heads' out of ragged chunks of three sequences, whole and of the second kv head.
TEST_P(Inputs, OfAttention) {
  const uint64_t group = model.heads / model.kv_heads;
  Sequences growing(random, 3, 18, 16);
  const Pass pass = growing.next({{0, 5}, {1, 1}, {2, 18}});
  const std::vector<float> x = random.normals(size_t(pass.n_rows()) * model.d_model);
  for (const uint32_t first : {0u, 1u}) {
    const Share share{first, 2, 0, model.experts, 0, model.ffn};
    const uint64_t k_begin = first * group * model.head_dim, width = (2 - first) * group * model.head_dim;
    const auto run = [&](Device& device) {
      Rig rig(device, model, {128, 3, growing.pages_per_sequence(), 16});
      const BoundLayer layer = bind_layer(device, model, tensors, share, kAttention, Delivery::kWhole, 2);
      const Handle<grok1_kv> kv = rig.make_kv(growing.total_pages(), GROK1_CACHE_F32, {1, 2}, first, 2);
      rig.set(pass);
      const Handle<grok1_act> act = rig.import_act(x);
      Attended result{{}, rig.attention(layer, kv, act), {}, {}};
      {
        Watch watch(rig);
        result.y = rig.attention(layer, kv, act);
        result.widths = watch.widths;
        result.o = watch.rows[{GROK1_INPUTS_O, 2, 0}];
        expect_same_bits(claim("attention", "x", model.d_model), x, watch.rows[{GROK1_INPUTS_QKV, 2, 0}]);
      }
      rig.attention(layer, kv, act);  // nobody is called any more: what Watch added to is gone
      return result;
    };
    const Attended found = run(candidate()), expected = run(reference());
    const std::map<Key, uint64_t> widths = {{{GROK1_INPUTS_QKV, 2, 0}, model.d_model}, {{GROK1_INPUTS_O, 2, 0}, width}};
    EXPECT_EQ(found.widths, widths) << kContract;
    expect_same_bits(claim("attention", "y watched and not", model.d_model), found.unwatched, found.y);
    expect_close(claim("attention", "the heads' out", width), expected.o, found.o, kChained);
    ASSERT_EQ(found.o.size(), pass.n_rows() * width);
    std::vector<double> y(x.size());
    for (uint32_t r = 0; r < pass.n_rows(); ++r)
      add_product(tensors.o, 0, k_begin, found.o, r * width, width, 1, y, size_t(r) * model.d_model);
    expect_close(claim("attention", "y of what was shown", model.d_model), floats_of(y), found.y, kLinear);
  }
}

// Rows go to the experts that chose them and to no other, also where those are cut into pieces of work.
TEST_P(Inputs, OfExperts) {
  constexpr uint32_t kRows = 100;
  const std::vector<float> x = random.normals(size_t(kRows) * model.d_model);
  Routing routing;
  for (uint32_t r = 0; r < kRows; ++r) {
    const std::vector<uint32_t> order = random.permutation(model.experts);
    for (uint32_t i = 0; i < model.experts_used; ++i) {
      routing.experts.push_back(int32_t(order[i]));
      routing.gates.push_back(float(0.05 + random.uniform() / 2));
    }
  }
  for (const Share& share : {whole_share(model), Share{0, 2, 1, 3, 70, 192}}) {
    const uint64_t width = share.ffn_end - share.ffn_begin;
    const auto run = [&](Device& device, std::map<Key, uint64_t>& widths, std::vector<float>& y) {
      Rig rig(device, model);
      rig.set(plain_pass(kRows, Limits().pages));
      const BoundLayer layer = bind_layer(device, model, tensors, share, kExperts, Delivery::kWhole, 3);
      const Handle<grok1_act> act = rig.import_act(x);
      const Handle<grok1_route> route = rig.import_route(routing);
      const std::vector<float> unwatched = rig.moe_experts(layer, act, route);
      Watch watch(rig);
      y = rig.moe_experts(layer, act, route);
      expect_same_bits(claim("moe_experts", "y watched and not", model.d_model), unwatched, y);
      widths = watch.widths;
      return watch.rows;
    };
    std::map<Key, uint64_t> widths, expected_widths;
    std::vector<float> found_y, expected_y;
    std::map<Key, std::vector<float>> found = run(candidate(), widths, found_y);
    std::map<Key, std::vector<float>> expected = run(reference(), expected_widths, expected_y);
    std::vector<double> y(x.size());
    std::map<Key, uint64_t> wanted_widths;
    for (uint32_t e = share.expert_begin; e < share.expert_end; ++e) {
      const Key gate_up{GROK1_INPUTS_GATE_UP, 3, e}, down{GROK1_INPUTS_DOWN, 3, e};
      wanted_widths[gate_up] = model.d_model, wanted_widths[down] = width;
      std::vector<float> chosen;
      for (uint32_t i = 0, n = 0; i < routing.experts.size(); ++i) {
        if (routing.experts[i] != int32_t(e)) continue;
        const size_t row = i / model.experts_used * model.d_model;
        chosen.insert(chosen.end(), x.begin() + ptrdiff_t(row), x.begin() + ptrdiff_t(row + model.d_model));
        ASSERT_GE(found[down].size(), (n + 1) * width) << kContract;
        add_product(tensors.down, e, share.ffn_begin, found[down], n++ * width, width, routing.gates[i], y, row);
      }
      expect_same_bits(claim("moe_experts", "x of an expert", model.d_model), chosen, found[gate_up]);
      expect_close(claim("moe_experts", "inputs of down", width), expected[down], found[down], kChained);
    }
    EXPECT_EQ(widths, wanted_widths) << kContract;
    expect_close(claim("moe_experts", "y of what was shown", model.d_model), floats_of(y), found_y, kLinear);
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, Inputs, testing::Values(kI8Bf16, kF32Kn),
                         [](const testing::TestParamInfo<Format>& instance) {
                           return instance.param.encoding == GROK1_ENCODING_I8 ? "I8" : "F32";
                         });

class InputsOfHead : public testing::Test {
 protected:
  void SetUp() override {
    if (inputs_ops(candidate()) == nullptr) GTEST_SKIP() << "the backend does not offer grok1.inputs/1";
  }
};

TEST_F(InputsOfHead, AreTheRowsWhoseLogitsAreWanted) {
  const grok1_model_desc model = small_model();
  Random random(78);
  const Tensor embedding = random_embedding(random, model, GROK1_ENCODING_F32);
  Pass pass = plain_pass(9, Limits().pages);
  pass.logit_rows = {1, 4, 5, 8};
  const std::vector<float> x = random.normals(9 * model.d_model);
  std::vector<float> wanted;
  for (const uint32_t row : pass.logit_rows)
    wanted.insert(wanted.end(), &x[row * model.d_model], &x[row * model.d_model] + model.d_model);
  Rig rig(candidate(), model);
  rig.set(pass);
  const BoundHead head = bind_head(candidate(), model, embedding);
  const Handle<grok1_act> act = rig.import_act(x);
  Watch watch(rig);
  rig.logits(head, model.vocab_size, act);
  EXPECT_EQ(watch.rows.size(), 1u);
  expect_same_bits({"logits", text_of(model), model.d_model, kContract}, wanted, watch.rows[{GROK1_INPUTS_HEAD, 0, 0}]);
}

TEST_F(InputsOfHead, AreRefusedWithoutAStep) {
  expect_refused("no step", inputs_ops(candidate())->step_observe, static_cast<grok1_step*>(nullptr),
                 static_cast<grok1_inputs_fn>(nullptr), static_cast<void*>(nullptr));
}

}  // namespace
}  // namespace grok1::conformance
