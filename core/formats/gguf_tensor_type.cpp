#include "core/formats/gguf_tensor_type.h"

#include "grok1.h"

namespace grok1 {
namespace {

// Source: enum ggml_type in docs/gguf.md of ggml-org/ggml, and the later ones in gguf-py 0.19 (GGMLQuantizationType).
constexpr GgufTensorType kTypes[] = {
    {0, "F32", GROK1_ENCODING_F32},          {1, "F16", GROK1_ENCODING_F16},
    {2, "Q4_0", GROK1_ENCODING_Q4_0},        {3, "Q4_1", GROK1_ENCODING_Q4_1},
    {4, "Q4_2", GROK1_ENCODING_NONE},        {5, "Q4_3", GROK1_ENCODING_NONE},
    {6, "Q5_0", GROK1_ENCODING_Q5_0},        {7, "Q5_1", GROK1_ENCODING_Q5_1},
    {8, "Q8_0", GROK1_ENCODING_Q8_0},        {9, "Q8_1", GROK1_ENCODING_NONE},
    {10, "Q2_K", GROK1_ENCODING_Q2_K},       {11, "Q3_K", GROK1_ENCODING_Q3_K},
    {12, "Q4_K", GROK1_ENCODING_Q4_K},       {13, "Q5_K", GROK1_ENCODING_Q5_K},
    {14, "Q6_K", GROK1_ENCODING_Q6_K},       {15, "Q8_K", GROK1_ENCODING_NONE},
    {16, "IQ2_XXS", GROK1_ENCODING_IQ2_XXS}, {17, "IQ2_XS", GROK1_ENCODING_IQ2_XS},
    {18, "IQ3_XXS", GROK1_ENCODING_IQ3_XXS}, {19, "IQ1_S", GROK1_ENCODING_NONE},
    {20, "IQ4_NL", GROK1_ENCODING_IQ4_NL},   {21, "IQ3_S", GROK1_ENCODING_IQ3_S},
    {22, "IQ2_S", GROK1_ENCODING_IQ2_S},     {23, "IQ4_XS", GROK1_ENCODING_IQ4_XS},
    {24, "I8", GROK1_ENCODING_NONE},         {25, "I16", GROK1_ENCODING_NONE},
    {26, "I32", GROK1_ENCODING_NONE},        {27, "I64", GROK1_ENCODING_NONE},
    {28, "F64", GROK1_ENCODING_NONE},        {29, "IQ1_M", GROK1_ENCODING_NONE},
    {30, "BF16", GROK1_ENCODING_BF16},       {31, "Q4_0_4_4", GROK1_ENCODING_NONE},
    {32, "Q4_0_4_8", GROK1_ENCODING_NONE},   {33, "Q4_0_8_8", GROK1_ENCODING_NONE},
    {34, "TQ1_0", GROK1_ENCODING_NONE},      {35, "TQ2_0", GROK1_ENCODING_NONE},
    {36, "IQ4_NL_4_4", GROK1_ENCODING_NONE}, {37, "IQ4_NL_4_8", GROK1_ENCODING_NONE},
    {38, "IQ4_NL_8_8", GROK1_ENCODING_NONE}, {39, "MXFP4", GROK1_ENCODING_NONE},
    {40, "NVFP4", GROK1_ENCODING_NONE},      {41, "Q1_0", GROK1_ENCODING_NONE},
};

}  // namespace

const GgufTensorType* find_gguf_tensor_type(uint32_t number) {
  for (const GgufTensorType& type : kTypes) {
    if (type.number == number) return &type;
  }
  return nullptr;
}

}  // namespace grok1
