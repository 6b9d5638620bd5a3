// Which encoding each tensor is written in: the one asked for, patterns that decide otherwise, and what takes its place
// where rows are no whole number of blocks. Knows names and sizes, no numbers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/formats/tensor_source.h"

namespace grok1 {

class TypeChoice {
 public:
  // As grok1_convert_options' type and overrides, NULL for none. Throws GROK1_E_INVALID_ARGUMENT.
  TypeChoice(const char* type, const char* overrides);

  struct Chosen {
    uint32_t encoding;
    uint32_t wanted;  // before it gave way to rows that are no whole blocks
  };
  // `name` as GGUF has it, `k` the numbers of a row.
  Chosen choose(const Tensor& tensor, std::string_view name, uint64_t k) const;
  // names: of all tensors that a type is chosen for. Throws GROK1_E_INVALID_ARGUMENT if a pattern matches none of them.
  void require_matches(const std::vector<std::string_view>& names) const;

 private:
  struct Override {
    std::string pattern;
    uint32_t encoding;
  };
  uint32_t wanted(const Tensor& tensor, std::string_view name) const;

  uint32_t type_;  // _NONE: as exact as the source
  std::vector<Override> overrides_;
};

// GROK1_ENCODING_* by its name in small or capital letters; _NONE for none.
uint32_t encoding_of_name(std::string_view name);

// Whether `text` is what the shell pattern means; * and ? only.
bool matches_pattern(std::string_view pattern, std::string_view text);

// Whether a tensor is a linear map or the embedding: what a type is chosen for. Norms and the router are not, they stay
// F32.
bool is_encoded(TensorRole role);

// llama.cpp's number (general.file_type) for a model whose matrices are mostly of this encoding.
uint32_t gguf_file_type(uint32_t encoding);

}  // namespace grok1
