// logits: chosen rows times the embedding or an output matrix of its own, in every encoding and range of the
// vocabulary.
#include <optional>

#include "tests/conformance/blocks.h"
#include "tests/conformance/compare.h"
#include "tests/conformance/rig.h"
#include "tests/conformance/suite.h"
#include "tests/conformance/tolerance.h"

namespace grok1::conformance {
namespace {

constexpr char kContract[] =
    "logits[i][v - vocab_begin] = (x[logit_rows[i]] . output[v]) * output_multiplier, v in the vocabulary range; "
    "`output` is the LM head's, or its embedding.";

struct Scene {
  grok1_model_desc model;
  Random random;
  Tensor embedding;
  std::optional<Tensor> output;  // none: tied
  std::vector<float> x;
  Pass pass;

  Scene(uint32_t encoding, uint32_t d_model, uint32_t vocabulary, uint32_t rows)
      : model(small_model()), random(d_model + vocabulary) {
    model.d_model = d_model, model.vocab_size = vocabulary;
    embedding = random_embedding(random, model, encoding);
    x = random.normals(size_t(rows) * d_model);
    pass = plain_pass(rows, Limits().pages);
  }

  // Computed here, in double, without a reference.
  std::vector<float> expected(uint32_t begin, uint32_t end) const {
    const Tensor& matrix = output ? *output : embedding;
    std::vector<float> result;
    for (const uint32_t row : pass.logit_rows)
      for (uint32_t v = begin; v < end; ++v) {
        double sum = 0;
        for (uint32_t k = 0; k < model.d_model; ++k) sum += x[size_t(row) * model.d_model + k] * matrix.at(0, k, v);
        result.push_back(float(sum * model.output_multiplier));
      }
    return result;
  }

  void compare(uint32_t begin, uint32_t end, double tolerance = kLinear, Delivery delivery = Delivery::kWhole) const {
    Rig rig(candidate(), model);
    rig.set(pass);
    const BoundHead head = bind_head(candidate(), model, embedding, begin, end, delivery, output ? &*output : nullptr);
    const std::vector<float> found = rig.logits(head, end - begin, rig.import_act(x));
    const Claim claim{"logits",
                      embedding.format.name() + (output ? " and an output matrix, " : ", ") + text_of(model) +
                          ", range " + std::to_string(begin) + " .. " + std::to_string(end) + ", " +
                          std::to_string(pass.logit_rows.size()) + " of " + std::to_string(pass.n_rows()) + " rows",
                      end - begin, kContract};
    expect_close(claim, expected(begin, end), found, tolerance);
  }
};

class Logits : public testing::TestWithParam<uint32_t> {};

TEST_P(Logits, AreTheRowsTimesTheEmbedding) {
  GROK1_SKIP_IF_UNSUPPORTED(GROK1_SUPPORT_EMBEDDING, GetParam());
  for (const uint32_t d_model : row_sizes(GetParam()))
    for (const uint32_t vocabulary : {250u, 257u})
      for (const uint32_t rows : {1u, 5u}) Scene(GetParam(), d_model, vocabulary, rows).compare(0, vocabulary);
  Scene(GetParam(), 256, 257, 33).compare(0, 257, kLinear, Delivery::kInPlace);
  Scene(GetParam(), row_sizes(GetParam())[0], 256, 17).compare(0, 256, kLinear, Delivery::kShuffledRows);
}

// Whole and in part, in place and not, next to an embedding of F32, which they must not read.
TEST_P(Logits, AreTheRowsTimesAnOutputMatrixOfItsOwn) {
  GROK1_SKIP_IF_UNSUPPORTED(GROK1_SUPPORT_EMBEDDING, GetParam());
  Scene scene(GROK1_ENCODING_F32, 256, 257, 5);
  scene.output = random_embedding(scene.random, scene.model, GetParam());
  scene.compare(0, 257);
  scene.compare(129, 257, kLinear, Delivery::kInPlace);
}

INSTANTIATE_TEST_SUITE_P(Encodings, Logits, testing::ValuesIn(embedding_encodings()), encoding_name);

TEST(LogitsRange, PartsOfTheVocabulary) {
  const Scene scene(GROK1_ENCODING_F32, 96, 257, 5);
  for (const auto& [begin, end] :
       {std::pair(0u, 1u), std::pair(0u, 128u), std::pair(129u, 257u), std::pair(256u, 257u)})
    scene.compare(begin, end);
}

TEST(LogitsRange, OnlyTheRowsAskedFor) {
  Scene scene(GROK1_ENCODING_F32, 96, 250, 40);
  for (const std::vector<uint32_t>& rows :
       {std::vector<uint32_t>{39}, {0}, {0, 39}, {3, 4, 5, 17, 31, 32, 38}, std::vector<uint32_t>{}}) {
    scene.pass.logit_rows = rows;
    scene.compare(0, 250);
  }
}

TEST(LogitsRange, OneChannelAHundredTimesTheRest) {
  Scene scene(GROK1_ENCODING_F32, 1024, 250, 9);
  for (uint32_t v = 0; v < 250; ++v) scene.embedding.set(0, 700, v, float(scene.embedding.at(0, 700, v) / 100));
  for (uint32_t r = 0; r < 9; ++r) scene.x[r * 1024 + 700] = r % 2 == 0 ? 100.0f : -100.0f;
  scene.compare(0, 250, kLinearWithOutlier);
}

}  // namespace
}  // namespace grok1::conformance
