// A tensor of a source as what it is written as: for each expert N rows of K numbers, whichever way they are stored. A
// vector is one row. And a band of it: some rows of one expert, the most that is held in memory at a time.
#pragma once

#include <cstdint>

#include "core/formats/tensor_source.h"

namespace grok1 {

struct Matrix {
  explicit Matrix(const Tensor& from)
      : tensor(&from),
        is_kn(is_stored_kn(from)),
        experts(from.values.experts()),
        n(is_kn ? from.values.inner() : from.values.outer()),
        k(is_kn ? from.values.outer() : from.values.inner()) {}

  // A vector is stored as a column of `outer` numbers; embedding and head have a row for each token.
  static bool is_stored_kn(const Tensor& tensor) {
    if (tensor.values.rank == 1) return true;
    if (tensor.role == TensorRole::kEmbedding || tensor.role == TensorRole::kHead) return false;
    return !tensor.transposed;
  }

  const Tensor* tensor;
  bool is_kn;  // stored [K, N]: a number's neighbours are those of other rows
  uint64_t experts, n, k;
};

struct Band {
  size_t tensor = 0;  // of the plan
  uint32_t expert = 0;
  uint64_t n_begin = 0, n_end = 0;

  uint64_t rows() const { return n_end - n_begin; }
};

}  // namespace grok1
