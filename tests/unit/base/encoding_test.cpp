// Names and sizes of encodings: those of the GGUF specification's table of types, counted here by hand; sizes of
// tensors that are refused.
#include "core/base/encoding.h"

#include <gtest/gtest.h>

#include <string>

#include "core/base/failure.h"

namespace grok1 {
namespace {

struct Row {
  uint32_t encoding;
  const char* name;
  uint64_t elements, bytes;
};

TEST(Encoding, NamesAndShapes) {
  for (const Row& row : {Row{GROK1_ENCODING_NONE, "none", 0, 0},
                         Row{GROK1_ENCODING_F32, "f32", 1, 4},
                         Row{GROK1_ENCODING_F16, "f16", 1, 2},
                         Row{GROK1_ENCODING_BF16, "bf16", 1, 2},
                         Row{GROK1_ENCODING_I8, "int8", 1, 1},
                         Row{GROK1_ENCODING_Q8_0, "q8_0", 32, 2 + 32},
                         Row{GROK1_ENCODING_Q4_0, "q4_0", 32, 2 + 16},
                         Row{GROK1_ENCODING_Q4_1, "q4_1", 32, 4 + 16},
                         Row{GROK1_ENCODING_Q5_0, "q5_0", 32, 2 + 4 + 16},
                         Row{GROK1_ENCODING_Q5_1, "q5_1", 32, 4 + 4 + 16},
                         Row{GROK1_ENCODING_Q2_K, "q2_k", 256, 16 + 64 + 4},
                         Row{GROK1_ENCODING_Q3_K, "q3_k", 256, 32 + 64 + 12 + 2},
                         Row{GROK1_ENCODING_Q4_K, "q4_k", 256, 4 + 12 + 128},
                         Row{GROK1_ENCODING_Q5_K, "q5_k", 256, 4 + 12 + 32 + 128},
                         Row{GROK1_ENCODING_Q6_K, "q6_k", 256, 128 + 64 + 16 + 2},
                         Row{GROK1_ENCODING_IQ4_NL, "iq4_nl", 32, 2 + 16},
                         Row{GROK1_ENCODING_IQ4_XS, "iq4_xs", 256, 2 + 2 + 4 + 128},
                         Row{GROK1_ENCODING_IQ3_S, "iq3_s", 256, 2 + 64 + 8 + 32 + 4},
                         Row{GROK1_ENCODING_IQ3_XXS, "iq3_xxs", 256, 2 + 96},
                         Row{GROK1_ENCODING_IQ2_S, "iq2_s", 256, 2 + 64 + 16},
                         Row{GROK1_ENCODING_IQ2_XS, "iq2_xs", 256, 2 + 64 + 8},
                         Row{GROK1_ENCODING_IQ2_XXS, "iq2_xxs", 256, 2 + 64},
                         Row{GROK1_ENCODING_IQ2_XXS + 1, "none", 0, 0}}) {
    EXPECT_STREQ(encoding_name(row.encoding), row.name);
    EXPECT_EQ(encoding_shape(row.encoding).elements, row.elements) << row.name;
    EXPECT_EQ(encoding_shape(row.encoding).bytes, row.bytes) << row.name;
    EXPECT_EQ(encoding_bytes(row.encoding), row.bytes) << row.name;
  }
}

TEST(Encoding, BytesOfATensor) {
  EXPECT_EQ(encoded_bytes(GROK1_ENCODING_F32, 3), 12u);
  EXPECT_EQ(encoded_bytes(GROK1_ENCODING_Q4_K, 0), 0u);
  EXPECT_EQ(encoded_bytes(GROK1_ENCODING_Q4_K, 6144 * 32768ull), 6144 * 32768ull / 256 * 144);
}

std::string refusal(uint32_t encoding, uint64_t elements) {
  try {
    encoded_bytes(encoding, elements);
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.status(), GROK1_E_BAD_FILE);
    return failure.message();
  }
  return "";
}

TEST(Encoding, BytesRefused) {
  EXPECT_EQ(refusal(99, 1), "an encoding of grok1.h wanted, found number 99");
  EXPECT_EQ(refusal(GROK1_ENCODING_Q4_K, 255), "q4_k: whole blocks of 256 elements wanted, found 255 elements");
  EXPECT_NE(refusal(GROK1_ENCODING_F32, uint64_t{1} << 62), "");
}

}  // namespace
}  // namespace grok1
