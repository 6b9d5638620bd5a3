// What a session collects: sums of squares and counts against calculations of this test's own, on every backend that
// can show its inputs, and the refusal of those that cannot.
#include <gtest/gtest.h>

#include "tests/imatrix/imatrix_file.h"
#include "tests/imatrix/layer_by_hand.h"

namespace imatrix_test {
namespace {

using golden::Engine;
using golden::Sequence;
using golden::Trace;

const std::string kModel = std::string(GROK1_TEST_DATA) + "/demo-model";

// Float32 rows against double ones, and on the CPU inputs of 15 bits in the layers before: 3e-5 of each number
// (tests/conformance/tolerance.h). Three times that; found was a third of it.
constexpr double kTolerance = 1e-4;

// Tokens of all kinds; the same in every test.
std::vector<int32_t> some_tokens(size_t count) {
  std::vector<int32_t> tokens(count);
  for (size_t i = 0; i < count; ++i) tokens[i] = static_cast<int32_t>(260 + i * i * 37 % 1700);
  return tokens;
}

void add_squares(const std::vector<double>& row, std::vector<double>& sums) {
  sums.resize(row.size());
  for (size_t i = 0; i < row.size(); ++i) sums[i] += row[i] * row[i];
}

std::vector<float> floats_of(const std::vector<double>& values) {
  return {values.begin(), values.end()};
}

class Collect : public testing::TestWithParam<const char*> {
 protected:
  Engine engine_{kModel, {.device = GetParam(), .cache_type = GROK1_CACHE_F32}};

  static std::string name(uint32_t layer, const char* matrix) {
    return "blk." + std::to_string(layer) + "." + matrix + ".weight";
  }
  grok1_status decode_without_logits(const Sequence& sequence, const std::vector<int32_t>& tokens,
                                     grok1_cancel* cancel) const {
    grok1_sequence* one = sequence.get();
    const auto count = static_cast<uint32_t>(tokens.size());
    const uint8_t want = GROK1_LOGITS_NONE;
    grok1_batch batch = GROK1_INIT(grok1_batch);
    batch.sequences = &one, batch.n_tokens = &count, batch.tokens = tokens.data(), batch.want_logits = &want;
    batch.cancel = cancel, batch.count = 1;
    return grok1_decode(engine_.session(), &batch, nullptr);
  }
  // Of rows that the library traced, normed here.
  std::vector<float> squares_of_normed(const std::vector<float>& hidden, const std::string& scale) const {
    const Numbers numbers = read_tensor(engine_, scale);
    const size_t d = engine_.info().d_model;
    std::vector<double> sums;
    for (size_t at = 0; at < hidden.size(); at += d) {
      const auto row = hidden.begin() + static_cast<ptrdiff_t>(at);
      add_squares(norm({row, row + static_cast<ptrdiff_t>(d)}, numbers, engine_.info().rms_norm_eps), sums);
    }
    return floats_of(sums);
  }
};

// Every layer's q, k and v are given the residual stream before it, normed; the head is given the one behind the last.
TEST_P(Collect, NormedResidualStream) {
  Trace trace;
  engine_.start_trace(&trace);
  const golden::Imatrix imatrix = attach(engine_);
  const Sequence sequence = engine_.sequence();
  engine_.decode({{sequence.get(), some_tokens(40)}});
  const ImatrixFile file = collected(imatrix);
  for (uint32_t layer = 0; layer < engine_.info().layers; ++layer) {
    const std::vector<float> wanted = squares_of_normed(
        trace.hidden[layer], "transformer/decoder_layer_" + std::to_string(layer) + "/rms_norm/scale");
    for (const char* matrix : {"attn_q", "attn_k", "attn_v"}) {
      const Sums& found = file.at(name(layer, matrix));
      EXPECT_LT(relative_difference(wanted, found.squares), 1e-6) << name(layer, matrix);
      EXPECT_EQ(found.counts, std::vector<float>{40});
    }
  }
  const Sums& head = file.at("token_embd.weight");  // which this model's head is
  EXPECT_LT(relative_difference(squares_of_normed(trace.hidden.back(), "language_model/rms_norm/scale"), head.squares),
            1e-6);
  EXPECT_EQ(head.counts, std::vector<float>{40});
}

// Each expert counts the tokens that the router gave it.
TEST_P(Collect, CountsOfExperts) {
  Trace trace;
  engine_.start_trace(&trace);
  const golden::Imatrix imatrix = attach(engine_);
  const Sequence sequence = engine_.sequence();
  engine_.decode({{sequence.get(), some_tokens(60)}});
  const ImatrixFile file = collected(imatrix);
  for (uint32_t layer = 0; layer < engine_.info().layers; ++layer) {
    std::vector<float> wanted(engine_.info().experts);
    for (const int32_t expert : trace.experts[layer]) ++wanted[static_cast<size_t>(expert)];
    float all = 0;
    for (const float count : wanted) all += count;
    EXPECT_EQ(all, 60.0f * static_cast<float>(engine_.info().experts_used));
    for (const char* matrix : {"ffn_gate_exps", "ffn_up_exps", "ffn_down_exps"}) {
      EXPECT_EQ(file.at(name(layer, matrix)).counts, wanted) << name(layer, matrix);
    }
    EXPECT_EQ(file.at(name(layer, "attn_output")).counts, std::vector<float>{60});
  }
}

// All of layer 0, of tokens that stand alone, from the checkpoint's numbers.
TEST_P(Collect, FirstLayerByHand) {
  Trace trace;
  engine_.start_trace(&trace);
  const golden::Imatrix imatrix = attach(engine_);
  const std::vector<int32_t> tokens = some_tokens(6);
  const uint32_t experts = engine_.info().experts, used = engine_.info().experts_used;
  std::vector<double> qkv, o;
  std::vector<std::vector<double>> gate_up(experts, std::vector<double>(engine_.info().d_model));
  std::vector<std::vector<double>> down(experts, std::vector<double>(engine_.info().ffn));
  for (size_t i = 0; i < tokens.size(); ++i) {
    const Sequence sequence = engine_.sequence();
    engine_.decode({{sequence.get(), {tokens[i]}}});
    const LayerInputs in = inputs_of_layer_0(engine_, tokens[i]);
    add_squares(in.qkv, qkv);
    add_squares(in.o, o);
    for (uint32_t choice = 0; choice < used; ++choice) {
      const auto expert = static_cast<size_t>(trace.experts[0][i * used + choice]);
      add_squares(in.gate_up, gate_up[expert]);
      add_squares(in.down[expert], down[expert]);
    }
  }
  const ImatrixFile file = collected(imatrix);
  EXPECT_LT(relative_difference(floats_of(qkv), file.at("blk.0.attn_v.weight").squares), 1e-6);
  EXPECT_LT(relative_difference(floats_of(o), file.at("blk.0.attn_output.weight").squares), kTolerance);
  const auto expect_experts = [&](const char* matrix, const std::vector<std::vector<double>>& wanted) {
    std::vector<float> all;
    for (const std::vector<double>& of : wanted) all.insert(all.end(), of.begin(), of.end());
    const Sums& found = file.at(matrix);
    EXPECT_EQ(found.experts, experts) << matrix;
    EXPECT_LT(relative_difference(all, found.squares), kTolerance) << matrix;
  };
  expect_experts("blk.0.ffn_gate_exps.weight", gate_up);
  expect_experts("blk.0.ffn_up_exps.weight", gate_up);
  expect_experts("blk.0.ffn_down_exps.weight", down);
}

TEST_P(Collect, NamesShapesAndKeys) {
  const golden::Imatrix imatrix = attach(engine_);
  const Sequence sequence = engine_.sequence();
  engine_.decode({{sequence.get(), some_tokens(25)}});
  grok1_imatrix_options options = GROK1_INIT(grok1_imatrix_options);
  options.dataset = "a text.txt";
  options.chunk_tokens = 10;
  const ImatrixFile file = parse(write(imatrix.get(), &options));
  EXPECT_EQ(file.type, "imatrix");
  EXPECT_EQ(file.datasets, std::vector<std::string>{"a text.txt"});
  EXPECT_EQ(file.chunk_size, 10u);
  EXPECT_EQ(file.chunk_count, 3u);
  const grok1_model_info& info = engine_.info();
  std::map<std::string, std::pair<uint64_t, uint64_t>> wanted = {{"token_embd.weight", {info.d_model, 1}}}, found;
  for (uint32_t layer = 0; layer < info.layers; ++layer) {
    for (const char* matrix : {"attn_q", "attn_k", "attn_v"}) wanted[name(layer, matrix)] = {info.d_model, 1};
    wanted[name(layer, "attn_output")] = {info.heads * info.head_dim, 1};
    for (const char* matrix : {"ffn_gate_exps", "ffn_up_exps"}) {
      wanted[name(layer, matrix)] = {info.d_model, info.experts};
    }
    wanted[name(layer, "ffn_down_exps")] = {info.ffn, info.experts};
  }
  for (const auto& [matrix, sums] : file.matrices) found[matrix] = {sums.k, sums.experts};
  EXPECT_EQ(found, wanted);
}

// Collecting goes on behind a write, ends with the imatrix, and another one begins at nothing.
TEST_P(Collect, FromCreationToRelease) {
  const Sequence sequence = engine_.sequence();
  engine_.decode({{sequence.get(), some_tokens(5)}});
  golden::Imatrix imatrix = attach(engine_);
  engine_.decode({{sequence.get(), some_tokens(7)}});
  EXPECT_EQ(collected(imatrix).at("blk.0.attn_q.weight").counts, std::vector<float>{7});
  engine_.decode({{sequence.get(), some_tokens(4)}});
  EXPECT_EQ(collected(imatrix).at("blk.0.attn_q.weight").counts, std::vector<float>{11});
  imatrix.reset();
  engine_.decode({{sequence.get(), some_tokens(3)}});
  imatrix = attach(engine_);
  engine_.decode({{sequence.get(), some_tokens(2)}});
  EXPECT_EQ(collected(imatrix).at("blk.0.attn_q.weight").counts, std::vector<float>{2});
}

// The head counts what it multiplies: without logits it is not in the file.
TEST_P(Collect, HeadWithoutLogits) {
  const golden::Imatrix imatrix = attach(engine_);
  const Sequence sequence = engine_.sequence();
  EXPECT_EQ(decode_without_logits(sequence, some_tokens(9), nullptr), GROK1_OK);
  const ImatrixFile file = collected(imatrix);
  EXPECT_EQ(file.matrices.count("token_embd.weight"), 0u);
  EXPECT_EQ(file.at("blk.0.attn_q.weight").counts, std::vector<float>{9});
}

// Cancelled behind layer 1: what the layers before have seen stays, and counts for itself.
TEST_P(Collect, CancelledDecode) {
  const auto cancel = golden::make<golden::Cancel>([](auto** out, auto* err) { return grok1_cancel_create(out, err); });
  const auto trace = reinterpret_cast<grok1_trace_x1>(grok1_get_proc("trace_x1"));
  const auto cancel_behind_layer_1 = [](void* user, uint32_t, int32_t layer, const void*, size_t) {
    if (layer == 1) grok1_cancel_request(static_cast<grok1_cancel*>(user));
  };
  ASSERT_EQ(trace(engine_.session(), cancel_behind_layer_1, cancel.get(), nullptr), GROK1_OK);
  const golden::Imatrix imatrix = attach(engine_);
  const Sequence sequence = engine_.sequence();
  EXPECT_EQ(decode_without_logits(sequence, some_tokens(9), cancel.get()), GROK1_E_CANCELLED);
  const ImatrixFile file = collected(imatrix);
  EXPECT_EQ(file.matrices.size(), 14u);
  for (const uint32_t layer : {0u, 1u}) {
    EXPECT_EQ(file.at(name(layer, "attn_q")).counts, std::vector<float>{9});
    float all = 0;
    for (const float count : file.at(name(layer, "ffn_down_exps")).counts) all += count;
    EXPECT_EQ(all, 18.0f);
  }
}

TEST_P(Collect, LeavesTheLogitsAlone) {
  const Sequence before = engine_.sequence(), after = engine_.sequence();
  const std::vector<float> wanted = engine_.decode({{before.get(), some_tokens(12)}}).front();
  const golden::Imatrix imatrix = attach(engine_);
  EXPECT_EQ(engine_.decode({{after.get(), some_tokens(12)}}).front(), wanted);
}

INSTANTIATE_TEST_SUITE_P(Devices, Collect, testing::Values("reference", "cpu"),
                         [](const auto& test) { return test.param; });

// The message names the device that cannot show what it is given, also where it has but a part of the model.
TEST(CollectRefused, DevicesThatShowNothing) {
  for (const char* devices : {"emu:0", "emu:0,cpu"}) {
    golden::Settings settings{.device = devices};
    if (std::string(devices) != "emu:0") settings.cpu_experts_layers = 99;
    const Engine engine(std::string(GROK1_TEST_DATA) + "/tiny", settings);
    grok1_imatrix* made = nullptr;
    grok1_error err = GROK1_INIT(grok1_error);
    EXPECT_EQ(grok1_imatrix_create(engine.session(), &made, &err), GROK1_E_UNSUPPORTED) << devices;
    EXPECT_NE(std::string(err.message).find("emu:0"), std::string::npos) << err.message;
    EXPECT_EQ(made, nullptr);
  }
}

}  // namespace
}  // namespace imatrix_test
