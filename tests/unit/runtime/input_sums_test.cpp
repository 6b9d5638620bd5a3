// Sums of what the members of a divided model show: put together once each, whoever has which part; and what no member
// has is refused.
#include "core/runtime/input_sums.h"

#include <gtest/gtest.h>

#include "core/base/failure.h"

namespace grok1 {
namespace {

grok1_model_desc model() {
  grok1_model_desc desc = GROK1_INIT(grok1_model_desc);
  desc.d_model = 3, desc.heads = 4, desc.kv_heads = 2, desc.head_dim = 1;
  desc.ffn = 5, desc.experts = 2, desc.experts_used = 1, desc.layers = 1;
  return desc;
}

// Member 0 has the first kv head and the first two columns, member 1 the others; the head is with member 1.
Division divided() {
  Division division;
  division.n_members = 2;
  division.homes = {{{0, 1}}, {{1}}};
  division.layers = {{0, {{{0, 1}, {0, 2}, {0, 2}}, {{1, 2}, {0, 2}, {2, 5}}}, {}}};
  division.head_home = 1;
  return division;
}

class InputSumsTest : public testing::Test {
 protected:
  const Division division_ = divided();
  InputSums sums_{model(), division_, {"one:0", "one:1"}};

  void show(uint32_t member, uint32_t what, uint32_t expert, const std::vector<float>& rows, uint64_t width,
            uint32_t layer = 0) {
    grok1_inputs inputs = GROK1_INIT(grok1_inputs);
    inputs.what = what, inputs.layer = layer, inputs.expert = expert;
    inputs.n_rows = static_cast<uint32_t>(rows.size() / width), inputs.width = width, inputs.rows = rows.data();
    sums_.add(member, inputs);
  }
  const InputSums::Layer& layer() const { return sums_.layers().front(); }
};

using Squares = std::vector<double>;
using Counts = std::vector<uint64_t>;

TEST_F(InputSumsTest, HeadsThatAreDivided) {
  for (const uint32_t member : {0u, 1u}) show(member, GROK1_INPUTS_QKV, 0, {1, 2, 3, 4, 5, 6}, 3);
  show(0, GROK1_INPUTS_O, 0, {1, 2, 3, 4}, 2);
  show(1, GROK1_INPUTS_O, 0, {5, 6, 7, 8}, 2);
  EXPECT_EQ(layer().qkv.squares, (Squares{17, 29, 45}));
  EXPECT_EQ(layer().qkv.counts, Counts{2});
  EXPECT_EQ(layer().o.squares, (Squares{10, 20, 74, 100}));
  EXPECT_EQ(layer().o.counts, Counts{2});
  EXPECT_NO_THROW(sums_.require_sound());
}

TEST_F(InputSumsTest, ColumnsThatAreDivided) {
  for (const uint32_t member : {0u, 1u}) show(member, GROK1_INPUTS_GATE_UP, 1, {1, 2, 3}, 3);
  show(0, GROK1_INPUTS_DOWN, 1, {1, 2}, 2);
  show(1, GROK1_INPUTS_DOWN, 1, {3, 4, 5}, 3);
  EXPECT_EQ(layer().gate_up.squares, (Squares{0, 0, 0, 1, 4, 9}));
  EXPECT_EQ(layer().gate_up.counts, (Counts{0, 1}));
  EXPECT_EQ(layer().down.squares, (Squares{0, 0, 0, 0, 0, 1, 4, 9, 16, 25}));
  EXPECT_EQ(layer().down.counts, (Counts{0, 1}));
  EXPECT_NO_THROW(sums_.require_sound());
}

TEST_F(InputSumsTest, HeadOfTheMemberThatHasIt) {
  show(1, GROK1_INPUTS_HEAD, 0, {1, 2, 3}, 3);
  EXPECT_EQ(sums_.head().squares, (Squares{1, 4, 9}));
  EXPECT_EQ(sums_.head().counts, Counts{1});
  EXPECT_NO_THROW(sums_.require_sound());
}

// Nothing is written beyond the sums, and the message names the device.
TEST_F(InputSumsTest, WhatNoMemberHasIsRefused) {
  const std::vector<float> row(64, 1.0f);
  struct Wrong {
    const char* what;
    uint32_t member, inputs, expert, layer;
    uint64_t width;
  };
  for (const Wrong& wrong :
       {Wrong{"width", 1, GROK1_INPUTS_QKV, 0, 0, 4}, Wrong{"layer", 1, GROK1_INPUTS_QKV, 0, 1, 3},
        Wrong{"expert", 1, GROK1_INPUTS_DOWN, 2, 0, 3}, Wrong{"expert of attention", 1, GROK1_INPUTS_O, 1, 0, 2},
        Wrong{"columns of another", 1, GROK1_INPUTS_DOWN, 0, 0, 2}, Wrong{"the head", 0, GROK1_INPUTS_HEAD, 0, 0, 3},
        Wrong{"what", 1, 99, 0, 0, 3}}) {
    InputSums sums(model(), division_, {"one:0", "one:1"});
    grok1_inputs inputs = GROK1_INIT(grok1_inputs);
    inputs.what = wrong.inputs, inputs.layer = wrong.layer, inputs.expert = wrong.expert;
    inputs.n_rows = 1, inputs.width = wrong.width, inputs.rows = row.data();
    sums.add(wrong.member, inputs);
    try {
      sums.require_sound();
      ADD_FAILURE() << wrong.what << " was taken";
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.status(), GROK1_E_BACKEND) << wrong.what;
      EXPECT_NE(failure.message().find("one:" + std::to_string(wrong.member)), std::string::npos) << failure.message();
    }
  }
}

}  // namespace
}  // namespace grok1
