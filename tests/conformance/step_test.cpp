// Steps: rows and routes that travel, and what step_set refuses.
#include "tests/conformance/compare.h"
#include "tests/conformance/rig.h"
#include "tests/conformance/suite.h"
#include "tests/conformance/tolerance.h"

namespace grok1::conformance {
namespace {

constexpr char kImport[] =
    "What import made must be indistinguishable to operators from what add_norm made of the same float rows.";

TEST(Rows, ComeBackAsTheyWereImported) {
  for (const uint32_t d_model : {48u, 65u, 255u, 257u, 1024u})
    for (const uint32_t rows : {1u, 7u, 128u}) {
      grok1_model_desc model = small_model();
      model.d_model = d_model;
      Random random(d_model + rows);
      const std::vector<float> x = random.normals(size_t(rows) * d_model);
      Rig rig(candidate(), model);
      rig.set(plain_pass(rows, Limits().pages));
      // A backend may hold rows as operators read them: one rounding to 15 bits per block of 256.
      expect_close({"act_export", "of what act_import made, d_model " + std::to_string(d_model), d_model,
                    "Writes the rows as float [n_rows, d_model]"},
                   x, rig.export_act(rig.import_act(x)), kLinear);
    }
}

// x of add_norm, and x exported and imported again: the same logits, experts and routes.
TEST(Rows, ImportedAreAsGoodAsAddNorms) {
  const grok1_model_desc model = small_model();
  Random random(4);
  const uint32_t rows = 19;
  const LayerTensors tensors = random_layer(random, model, kI8Bf16);
  const Tensor table = random_embedding(random, model, GROK1_ENCODING_F32);
  const Tensor scale = random_vector(random, GROK1_ENCODING_F32, model.d_model);
  const std::vector<float> h = random.normals(size_t(rows) * model.d_model);
  Rig rig(candidate(), model);
  rig.set(plain_pass(rows, Limits().pages));
  const BoundLayer layer = bind_layer(candidate(), model, tensors, whole_share(model));
  const BoundHead head = bind_head(candidate(), model, table);
  Handle<grok1_act> made;
  const Normed normed = rig.add_norm(h, {}, nullptr, upload(candidate(), scale), nullptr, &made);
  const Handle<grok1_act> imported = rig.import_act(normed.x);

  const auto compare = [&](const char* function, const std::vector<float>& a, const std::vector<float>& b) {
    const Claim claim{function, "x from add_norm and the same x from act_import", model.d_model, kImport};
    candidate().is_cpu() ? expect_same_bits(claim, a, b) : expect_close(claim, a, b, kChained);
  };
  compare("act_export", normed.x, rig.export_act(imported));
  compare("logits", rig.logits(head, model.vocab_size, made), rig.logits(head, model.vocab_size, imported));
  const Handle<grok1_route> route = rig.moe_route(layer, made), again = rig.moe_route(layer, imported);
  EXPECT_EQ(rig.export_route(route).experts, rig.export_route(again).experts) << kImport;
  compare("moe_route", rig.export_route(route).gates, rig.export_route(again).gates);
  compare("moe_experts", rig.moe_experts(layer, made, route), rig.moe_experts(layer, imported, route));
  const Handle<grok1_kv> kv = rig.make_kv(8, GROK1_CACHE_F32);
  compare("attention", rig.attention(layer, kv, made), rig.attention(layer, kv, imported));
}

TEST(Routes, ComeBackAsTheyWereImported) {
  grok1_model_desc model = small_model();
  model.experts = 256, model.experts_used = 3;
  Random random(5);
  Routing routing;
  for (uint32_t r = 0; r < 33; ++r)
    for (uint32_t i = 0; i < 3; ++i) {
      routing.experts.push_back(int32_t((r * 31 + i * 85) % 256));
      routing.gates.push_back(float(random.uniform()));
    }
  Rig rig(candidate(), model);
  rig.set(plain_pass(33, Limits().pages));
  const Routing found = rig.export_route(rig.import_route(routing));
  EXPECT_EQ(routing.experts, found.experts) << "Experts as int32 [n_rows, experts_used], best first";
  expect_same_bits({"route_export", "33 rows of 3 experts", 3, "gates as float of the same shape"}, routing.gates,
                   found.gates);
}

// A step is set again and again; operators enqueued before still see the former data.
TEST(StepSet, ServesPassAfterPass) {
  const grok1_model_desc model = small_model();
  Random random(6);
  const Tensor table = random_embedding(random, model, GROK1_ENCODING_F32);
  Rig rig(candidate(), model), oracle(reference(), model);
  const BoundHead head = bind_head(candidate(), model, table), expected = bind_head(reference(), model, table);
  for (const uint32_t rows : {128u, 1u, 7u, 128u, 2u}) {
    Pass pass = plain_pass(rows, Limits().pages);
    for (int32_t& token : pass.tokens) token = int32_t(random.below(model.vocab_size));
    rig.set(pass), oracle.set(pass);
    expect_close({"embed", std::to_string(rows) + " rows", model.d_model, "Sets the data of the pass that follows"},
                 oracle.embed(expected, nullptr).h, rig.embed(head, nullptr).h, kRounding);
  }
}

// The data is changed as soon as step_set returns, and the step is set anew before the first operator is waited for.
TEST(StepSet, CopiesItsDataAndKeepsTheOrder) {
  const grok1_model_desc model = small_model();
  Random random(7);
  const Tensor table = random_embedding(random, model, GROK1_ENCODING_F32);
  Rig rig(candidate(), model);
  const BoundHead head = bind_head(candidate(), model, table);
  std::vector<std::unique_ptr<Region>> results;  // made first: that waits for the queue
  for (int32_t token = 0; token < 20; ++token)
    results.push_back(std::make_unique<Region>(candidate(), "h of embed", model.d_model * sizeof(float)));
  for (int32_t token = 0; token < 20; ++token) {
    Pass pass = plain_pass(1, Limits().pages);
    pass.tokens[0] = token;
    const grok1_step_data data = pass.data();
    call("step_set", candidate().ops().step_set, rig.step(), candidate().queue(), &data);
    pass.tokens[0] = 99;
    grok1_embed_args args = GROK1_INIT(grok1_embed_args);
    args.queue = candidate().queue(), args.step = rig.step(), args.lm_head = head.head.get();
    const Region& result = *results[uint32_t(token)];
    args.h = result.buffer(), args.h_offset = result.offset();
    call("embed", candidate().ops().embed, candidate().handle(), &args);
  }
  for (uint32_t token = 0; token < 20; ++token) {
    std::vector<float> expected;
    for (uint32_t i = 0; i < model.d_model; ++i)
      expected.push_back(float(table.at(0, i, token) * model.embedding_multiplier));
    expect_close({"step_set", "token " + std::to_string(token), model.d_model,
                  "copied during the call. Operators enqueued before still see the former data."},
                 expected, results[token]->floats(), kRounding);
  }
}

class StepSetRefuses : public testing::Test {
 protected:
  grok1_model_desc model = small_model();
  Limits limits{16, 2, 2, 16};
  Rig rig{candidate(), model, limits};

  static Pass right() {
    Pass pass;
    pass.add(3, 4, {0, 1}, 2);
    pass.add(15, 2, {2, 3}, 2);
    return pass;
  }

  template <class Change>
  void refused(const char* what, Change change) {
    Pass pass = right();
    grok1_step_data data = pass.data();
    change(pass, data);
    expect_refused(what, candidate().ops().step_set, rig.step(), candidate().queue(),
                   static_cast<const grok1_step_data*>(&data));
    rig.set(right());  // still usable
  }
};

TEST_F(StepSetRefuses, WhatExceedsTheLimits) {
  Pass long_pass;
  long_pass.add(0, 17, {0, 1}, 2);
  refused("17 rows of at most 16", [&](Pass&, grok1_step_data& d) { d = long_pass.data(), d.n_logit_rows = 1; });
  Pass three;
  for (uint32_t i = 0; i < 3; ++i) three.add(0, 1, {i}, 2);
  refused("3 chunks of at most 2", [&](Pass&, grok1_step_data& d) { d = three.data(); });
  refused("a position past the last page", [](Pass& p, grok1_step_data&) { p.positions[4] = 31, p.positions[5] = 32; });
  refused("a position past the context",
          [](Pass& p, grok1_step_data&) { p.positions[4] = 4096, p.positions[5] = 4097; });
}

TEST_F(StepSetRefuses, WhatContradictsItself) {
  refused("positions that do not rise by one", [](Pass& p, grok1_step_data&) { p.positions[2] = 9; });
  refused("a gap between positions", [](Pass& p, grok1_step_data&) { ++p.positions[2], ++p.positions[3]; });
  refused("a position twice", [](Pass& p, grok1_step_data&) { --p.positions[2], --p.positions[3]; });
  refused("a token below 0", [](Pass& p, grok1_step_data&) { p.tokens[1] = -1; });
  refused("a token past the vocabulary", [](Pass& p, grok1_step_data&) { p.tokens[5] = 250; });
  refused("chunks that end before the rows", [](Pass& p, grok1_step_data&) { p.chunk_begin[2] = 5; });
  refused("chunks that begin behind row 0", [](Pass& p, grok1_step_data&) { p.chunk_begin[0] = 1; });
  refused("chunks in reverse", [](Pass& p, grok1_step_data&) { p.chunk_begin[1] = 9; });
  refused("a logit row past the last", [](Pass& p, grok1_step_data&) { p.logit_rows[5] = 6; });
  refused("logit rows that fall", [](Pass& p, grok1_step_data&) { p.logit_rows[0] = 2; });
}

TEST_F(StepSetRefuses, NullAndUnknown) {
  refused("tokens NULL", [](Pass&, grok1_step_data& d) { d.tokens = nullptr; });
  refused("positions NULL", [](Pass&, grok1_step_data& d) { d.positions = nullptr; });
  refused("chunk_begin NULL", [](Pass&, grok1_step_data& d) { d.chunk_begin = nullptr; });
  refused("page_table NULL", [](Pass&, grok1_step_data& d) { d.page_table = nullptr; });
  refused("logit_rows NULL", [](Pass&, grok1_step_data& d) { d.logit_rows = nullptr; });
  refused("flags", [](Pass&, grok1_step_data& d) { d.flags = 1; });
  refused("a struct too small", [](Pass&, grok1_step_data& d) { d.head.struct_size = sizeof(grok1_head); });
  const grok1_head unknown{sizeof(grok1_head), 0x7fff, nullptr};
  refused("an unknown chained struct", [&](Pass&, grok1_step_data& d) { d.head.next = &unknown; });
  expect_refused("data NULL", candidate().ops().step_set, rig.step(), candidate().queue(),
                 static_cast<const grok1_step_data*>(nullptr));
}

TEST(StepCreate, RefusesLimitsThatCannotBe) {
  const grok1_model_desc model = small_model();
  grok1_step_limits right = GROK1_INIT(grok1_step_limits);
  right.model = &model;
  right.max_rows = right.max_chunks = right.max_pages = right.max_logit_rows = 1;
  right.page_tokens = 16;
  const auto refused = [&](const char* what, auto change) {
    grok1_step_limits limits = right;
    change(limits);
    uint64_t bytes = 0;
    grok1_step* step = nullptr;
    expect_refused(std::string("step_plan: ") + what, candidate().ops().step_plan, candidate().handle(),
                   static_cast<const grok1_step_limits*>(&limits), &bytes);
    expect_refused(std::string("step_create: ") + what, candidate().ops().step_create, candidate().handle(),
                   static_cast<const grok1_step_limits*>(&limits), &step);
  };
  refused("no model", [](grok1_step_limits& l) { l.model = nullptr; });
  refused("no rows", [](grok1_step_limits& l) { l.max_rows = 0; });
  refused("pages of 24", [](grok1_step_limits& l) { l.page_tokens = 24; });
  refused("flags", [](grok1_step_limits& l) { l.flags = 1; });
  grok1_model_desc odd = model;
  odd.head_dim = 15;
  refused("an odd head_dim", [&](grok1_step_limits& l) { l.model = &odd; });
  grok1_model_desc uneven = model;
  uneven.kv_heads = 4;
  refused("6 heads on 4 kv heads", [&](grok1_step_limits& l) { l.model = &uneven; });
  grok1_model_desc few = model;
  few.experts_used = 5;
  refused("5 of 4 experts used", [&](grok1_step_limits& l) { l.model = &few; });
  uint64_t bytes = 0;
  call("step_plan", candidate().ops().step_plan, candidate().handle(), static_cast<const grok1_step_limits*>(&right),
       &bytes);
  EXPECT_GT(bytes, 0u);
}

}  // namespace
}  // namespace grok1::conformance
