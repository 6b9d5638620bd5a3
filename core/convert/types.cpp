#include "core/convert/types.h"

#include <algorithm>

#include "core/base/encoding.h"
#include "core/base/failure.h"
#include "core/formats/xai_names.h"

namespace grok1 {
namespace {

constexpr uint32_t kLast = GROK1_ENCODING_IQ2_XXS;

// What an encoding takes for a number, in eighths of bits, so that it stays whole.
uint64_t eighths_of_bits(uint32_t encoding) {
  const EncodingShape shape = encoding_shape(encoding);
  return 64 * shape.bytes / shape.elements;
}

uint32_t named(const char* option, std::string_view name) {
  const uint32_t encoding = encoding_of_name(name);
  // llama.cpp's names of mixtures: Q4_K_M.
  const bool has_size =
      name.size() > 2 && name[name.size() - 2] == '_' && std::string_view("sSmMlL").find(name.back()) != name.npos;
  if (const std::string_view one = name.substr(0, name.size() - (has_size ? 2 : 0));
      has_size && encoding == GROK1_ENCODING_NONE && encoding_of_name(one) != GROK1_ENCODING_NONE) {
    fail(GROK1_E_INVALID_ARGUMENT,
         "grok1_convert_options.{}: one type for all matrices wanted, found the mixture \"{}\"; name {}, and in "
         "overrides what is to have another (blk.*.ffn_down_*=q6_k)",
         option, name, one);
  }
  if (encoding == GROK1_ENCODING_NONE || encoding == GROK1_ENCODING_I8) {
    fail(GROK1_E_INVALID_ARGUMENT,
         "grok1_convert_options.{}: f32, f16, bf16, q8_0, q4_0, q4_1, q5_0, q5_1, q2_k, q3_k, q4_k, q5_k, q6_k, iq4_nl "
         "or iq4_xs wanted, found \"{}\"",
         option, name);
  }
  return encoding;
}

}  // namespace

uint32_t encoding_of_name(std::string_view name) {
  std::string small(name);
  std::transform(small.begin(), small.end(), small.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  for (uint32_t encoding = GROK1_ENCODING_F32; encoding <= kLast; ++encoding)
    if (small == encoding_name(encoding)) return encoding;
  return GROK1_ENCODING_NONE;
}

bool matches_pattern(std::string_view pattern, std::string_view text) {
  size_t p = 0, t = 0, star = pattern.npos, behind_star = 0;  // where the last * was, and the text it has taken
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      behind_star = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p, ++t;
    } else if (star != pattern.npos) {
      p = star + 1;
      t = ++behind_star;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == pattern.npos;
}

bool is_encoded(TensorRole role) {
  return role == TensorRole::kEmbedding || role == TensorRole::kHead || is_xai_quantized(role);
}

TypeChoice::TypeChoice(const char* type, const char* overrides)
    : type_(type == nullptr ? uint32_t{GROK1_ENCODING_NONE} : named("type", type)) {
  std::string_view rest = overrides == nullptr ? "" : overrides;
  while (!rest.empty()) {
    const size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view item = rest.substr(0, comma);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    const size_t equals = item.rfind('=');
    if (equals == item.npos || equals == 0) {
      fail(GROK1_E_INVALID_ARGUMENT, "grok1_convert_options.overrides: PATTERN=TYPE,... wanted, found \"{}\"", item);
    }
    overrides_.push_back({std::string(item.substr(0, equals)), named("overrides", item.substr(equals + 1))});
  }
}

// Embedding and head are a hundredth of the model, and every token passes them: Q6_K at least unless told otherwise.
uint32_t TypeChoice::wanted(const Tensor& tensor, std::string_view name) const {
  for (const Override& override : overrides_)
    if (matches_pattern(override.pattern, name)) return override.encoding;
  if (type_ == GROK1_ENCODING_NONE)
    return tensor.values.encoding == GROK1_ENCODING_I8 ? uint32_t{GROK1_ENCODING_Q8_0} : tensor.values.encoding;
  const bool outer = tensor.role == TensorRole::kEmbedding || tensor.role == TensorRole::kHead;
  const bool poor = eighths_of_bits(type_) < eighths_of_bits(GROK1_ENCODING_Q6_K);
  return outer && poor ? uint32_t{GROK1_ENCODING_Q6_K} : type_;
}

TypeChoice::Chosen TypeChoice::choose(const Tensor& tensor, std::string_view name, uint64_t k) const {
  if (!is_encoded(tensor.role)) return {GROK1_ENCODING_F32, GROK1_ENCODING_F32};
  Chosen chosen{wanted(tensor, name), wanted(tensor, name)};
  if (k % encoding_shape(chosen.encoding).elements == 0) return chosen;
  chosen.encoding = k % encoding_shape(GROK1_ENCODING_Q8_0).elements == 0 ? GROK1_ENCODING_Q8_0 : GROK1_ENCODING_F16;
  return chosen;
}

void TypeChoice::require_matches(const std::vector<std::string_view>& names) const {
  for (const Override& override : overrides_) {
    const auto matches = [&](std::string_view name) { return matches_pattern(override.pattern, name); };
    if (std::any_of(names.begin(), names.end(), matches)) continue;
    fail(GROK1_E_INVALID_ARGUMENT,
         "grok1_convert_options.overrides: \"{}\" is the name of no matrix of this model; a pattern is for the whole "
         "of a "
         "GGUF name: blk.*.ffn_down_*, token_embd.weight",
         override.pattern);
  }
}

// Source: llama_ftype in llama.h, as gguf-py's constants.py has it (LlamaFileType); of several mixtures of one encoding
// the one that has least of others.
uint32_t gguf_file_type(uint32_t encoding) {
  switch (encoding) {
    case GROK1_ENCODING_F16: return 1;
    case GROK1_ENCODING_Q4_0: return 2;
    case GROK1_ENCODING_Q4_1: return 3;
    case GROK1_ENCODING_Q8_0: return 7;
    case GROK1_ENCODING_Q5_0: return 8;
    case GROK1_ENCODING_Q5_1: return 9;
    case GROK1_ENCODING_Q2_K: return 10;
    case GROK1_ENCODING_Q3_K: return 11;
    case GROK1_ENCODING_Q4_K: return 14;
    case GROK1_ENCODING_Q5_K: return 16;
    case GROK1_ENCODING_Q6_K: return 18;
    case GROK1_ENCODING_IQ2_XXS: return 19;
    case GROK1_ENCODING_IQ2_XS: return 20;
    case GROK1_ENCODING_IQ3_XXS: return 23;
    case GROK1_ENCODING_IQ4_NL: return 25;
    case GROK1_ENCODING_IQ3_S: return 26;
    case GROK1_ENCODING_IQ2_S: return 28;
    case GROK1_ENCODING_IQ4_XS: return 30;
    case GROK1_ENCODING_BF16: return 32;
    default: return 0;  // F32
  }
}

}  // namespace grok1
