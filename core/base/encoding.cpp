#include "core/base/encoding.h"

#include "core/base/checked_size.h"
#include "encodings/encoding.h"
#include "grok1.h"

namespace grok1 {
namespace {

using encodings::Id;

static_assert(uint32_t(Id::kF32) == GROK1_ENCODING_F32);
static_assert(uint32_t(Id::kF16) == GROK1_ENCODING_F16);
static_assert(uint32_t(Id::kBF16) == GROK1_ENCODING_BF16);
static_assert(uint32_t(Id::kQ8_0) == GROK1_ENCODING_Q8_0);
static_assert(uint32_t(Id::kQ4_0) == GROK1_ENCODING_Q4_0);
static_assert(uint32_t(Id::kQ4_1) == GROK1_ENCODING_Q4_1);
static_assert(uint32_t(Id::kQ5_0) == GROK1_ENCODING_Q5_0);
static_assert(uint32_t(Id::kQ5_1) == GROK1_ENCODING_Q5_1);
static_assert(uint32_t(Id::kQ2_K) == GROK1_ENCODING_Q2_K);
static_assert(uint32_t(Id::kQ3_K) == GROK1_ENCODING_Q3_K);
static_assert(uint32_t(Id::kQ4_K) == GROK1_ENCODING_Q4_K);
static_assert(uint32_t(Id::kQ5_K) == GROK1_ENCODING_Q5_K);
static_assert(uint32_t(Id::kQ6_K) == GROK1_ENCODING_Q6_K);
static_assert(uint32_t(Id::kIQ4_NL) == GROK1_ENCODING_IQ4_NL);
static_assert(uint32_t(Id::kIQ4_XS) == GROK1_ENCODING_IQ4_XS);
static_assert(uint32_t(Id::kIQ3_S) == GROK1_ENCODING_IQ3_S);
static_assert(uint32_t(Id::kIQ3_XXS) == GROK1_ENCODING_IQ3_XXS);
static_assert(uint32_t(Id::kIQ2_S) == GROK1_ENCODING_IQ2_S);
static_assert(uint32_t(Id::kIQ2_XS) == GROK1_ENCODING_IQ2_XS);
static_assert(uint32_t(Id::kIQ2_XXS) == GROK1_ENCODING_IQ2_XXS);

}  // namespace

EncodingShape encoding_shape(uint32_t encoding) {
  if (encoding == GROK1_ENCODING_I8) return {1, 1};
  EncodingShape shape{0, 0};
  encodings::with_encoding(Id(encoding), [&](auto known) { shape = {known.kBlock, known.kBytes}; });
  return shape;
}

uint64_t encoding_bytes(uint32_t encoding) {
  return encoding_shape(encoding).bytes;
}

uint64_t encoded_bytes(uint32_t encoding, uint64_t elements) {
  const EncodingShape block = encoding_shape(encoding);
  if (block.elements == 0) fail(GROK1_E_BAD_FILE, "an encoding of grok1.h wanted, found number {}", encoding);
  if (elements % block.elements != 0) {
    fail(GROK1_E_BAD_FILE, "{}: whole blocks of {} elements wanted, found {} elements", encoding_name(encoding),
         block.elements, elements);
  }
  return (CheckedSize(elements / block.elements) * block.bytes).value();
}

const char* encoding_name(uint32_t encoding) {
  if (encoding == GROK1_ENCODING_I8) return "int8";
  const char* name = "none";
  encodings::with_encoding(Id(encoding), [&](auto known) { name = known.kName; });
  return name;
}

bool is_cache_type(uint32_t cache_type) {
  return cache_type >= GROK1_CACHE_F32 && cache_type <= GROK1_CACHE_I8;
}

}  // namespace grok1
