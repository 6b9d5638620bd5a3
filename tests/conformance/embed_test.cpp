// embed: rows of the tied embedding times the multiplier, and the first norm.
#include "tests/conformance/blocks.h"
#include "tests/conformance/compare.h"
#include "tests/conformance/rig.h"
#include "tests/conformance/suite.h"
#include "tests/conformance/tolerance.h"

namespace grok1::conformance {
namespace {

constexpr char kContract[] =
    "h[r] = embedding[token[r]] * embedding_multiplier, for tokens of the LM head's vocabulary range; zero for others, "
    "so that the parts of a split vocabulary add up. x = norm(h, next_norm).";

struct Embedding {
  grok1_model_desc model;
  Tensor tensor, norm;
  Pass pass;

  Embedding(uint32_t encoding, uint32_t d_model, uint32_t vocabulary, uint32_t rows) : model(small_model()) {
    model.d_model = d_model;
    model.vocab_size = vocabulary;
    Random random(d_model + 1000 * encoding);
    tensor = random_embedding(random, model, encoding);
    norm = random_vector(random, GROK1_ENCODING_F32, d_model);
    pass = plain_pass(rows, Limits().pages);
    for (int32_t& token : pass.tokens) token = int32_t(random.below(vocabulary));
    pass.tokens.front() = 0;
    pass.tokens.back() = int32_t(vocabulary - 1);
  }

  Claim claim() const {
    return {"embed", tensor.format.name() + ", " + text_of(model) + ", " + std::to_string(pass.n_rows()) + " rows",
            model.d_model, kContract};
  }

  Normed run(Device& device, uint32_t vocab_begin, uint32_t vocab_end, Delivery delivery = Delivery::kWhole) const {
    Rig rig(device, model);
    rig.set(pass);
    return rig.embed(bind_head(device, model, tensor, vocab_begin, vocab_end, delivery), upload(device, norm));
  }
};

class Embed : public testing::TestWithParam<uint32_t> {};

TEST_P(Embed, IsTheRowTimesTheMultiplierAndItsNorm) {
  GROK1_SKIP_IF_UNSUPPORTED(GROK1_SUPPORT_EMBEDDING, GetParam());
  for (const uint32_t d_model : row_sizes(GetParam())) {
    const Embedding embedding(GetParam(), d_model, 257, 17);
    for (const Delivery delivery : {Delivery::kInPlace, Delivery::kWhole}) {
      const Normed found = embedding.run(candidate(), 0, 257, delivery);
      std::vector<float> h;
      for (const int32_t token : embedding.pass.tokens)
        for (uint32_t i = 0; i < d_model; ++i)
          h.push_back(float(embedding.tensor.at(0, i, uint64_t(token)) * embedding.model.embedding_multiplier));
      expect_close(embedding.claim(), h, found.h, kRounding);
      expect_close(embedding.claim(), embedding.run(reference(), 0, 257).x, found.x, kFloat32);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Encodings, Embed, testing::ValuesIn(embedding_encodings()), encoding_name);

TEST(EmbedRanges, PartsOfTheVocabularyAddUp) {
  const Embedding embedding(GROK1_ENCODING_F32, 96, 250, 33);
  const std::vector<float> whole = embedding.run(candidate(), 0, 250).h;
  std::vector<float> sum(whole.size());
  for (const auto& [begin, end] : {std::pair(0u, 1u), std::pair(1u, 127u), std::pair(127u, 250u)}) {
    const Normed part = embedding.run(candidate(), begin, end);
    for (size_t i = 0; i < sum.size(); ++i) {
      const auto token = uint32_t(embedding.pass.tokens[i / 96]);
      if (token < begin || token >= end) {
        EXPECT_EQ(part.h[i], 0.0f) << "row " << i / 96 << ": " << kContract;
        EXPECT_EQ(part.x[i], 0.0f) << "row " << i / 96 << ": the norm of zeros is zero, not NaN: " << kContract;
      }
      sum[i] += part.h[i];
    }
  }
  expect_same_bits(embedding.claim(), whole, sum);
}

TEST(EmbedRanges, WithoutNormWritesTheRowsAlone) {
  const Embedding embedding(GROK1_ENCODING_F32, 96, 250, 5);
  Rig rig(candidate(), embedding.model);
  rig.set(embedding.pass);
  const Normed found = rig.embed(bind_head(candidate(), embedding.model, embedding.tensor), nullptr);
  expect_same_bits(embedding.claim(), embedding.run(candidate(), 0, 250).h, found.h);
}

}  // namespace
}  // namespace grok1::conformance
