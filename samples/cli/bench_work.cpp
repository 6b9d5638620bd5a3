// Bytes as the backend holds them, KV cache included; operations as it executes them.
#include "bench_work.h"

#include <algorithm>

#include "model.h"

namespace cli {
namespace {

// Positions of the KV cache that the passes of a run read, each once per pass: the tokens before the run are shared by
// all sequences, those of the run are each sequence's own.
double kv_tokens(const BenchTest& test, uint32_t rows_per_pass) {
  const double n = test.tokens, depth = test.depth;
  if (!test.is_prompt) return n * depth + test.batch * n * (n + 1) / 2;
  double sum = 0;
  for (uint64_t end = 0; end < test.tokens;) {
    end = std::min<uint64_t>(end + rows_per_pass, test.tokens);
    sum += depth + static_cast<double>(end);
  }
  return sum;
}

double elements(const uint64_t (&shape)[4], uint32_t rank) {
  double n = 1;
  for (uint32_t i = 0; i < rank; ++i) n *= static_cast<double>(shape[i]);
  return n;
}

}  // namespace

ModelWork::ModelWork(const grok1_model* model, uint32_t cache_type) {
  const grok1_model_info info = model_info(model);
  layers_ = info.layers;
  double weights = 0, experts = 0;
  grok1_plan_device device = GROK1_INIT(grok1_plan_device);
  for (size_t i = 0; grok1_model_device(model, i, &device) == GROK1_OK; ++i) {
    weights += static_cast<double>(device.weight_bytes);
    experts += static_cast<double>(device.expert_bytes);
  }
  other_bytes_ = weights - experts;
  expert_bytes_ = experts / info.experts / info.layers;
  const double row_bytes = cache_type == GROK1_CACHE_I8 ? info.head_dim + 4.0  // behind their scale
                                                        : info.head_dim * (cache_type == GROK1_CACHE_F32 ? 4.0 : 2.0);
  kv_token_bytes_ = 2.0 * info.layers * info.kv_heads * row_bytes;

  grok1_tensor_info tensor = GROK1_INIT(grok1_tensor_info);
  for (size_t i = 0; grok1_model_tensor(model, i, &tensor) == GROK1_OK; ++i) {
    if (tensor.rank == 2 && tensor.shape[0] == info.vocab_size && head_bytes_ == 0) {  // the embedding comes first
      head_bytes_ = static_cast<double>(tensor.bytes + tensor.scale_bytes);
    } else if (tensor.rank >= 2) {
      const double used = tensor.rank == 3 ? static_cast<double>(info.experts_used) / info.experts : 1;
      (tensor.encoding == GROK1_ENCODING_I8 ? i8_weights_ : f32_weights_) += used * elements(tensor.shape, tensor.rank);
    }
  }
}

BenchWork ModelWork::of(const BenchTest& test, const BenchTrace& trace, uint32_t rows_per_pass) const {
  BenchWork work{};
  const double passes = static_cast<double>(trace.passes), n_tokens = static_cast<double>(test.all_tokens());
  work.expert_bytes = static_cast<double>(trace.experts) * expert_bytes_;
  work.kv_bytes = kv_tokens(test, rows_per_pass) * kv_token_bytes_;
  work.bytes = passes * other_bytes_ + work.expert_bytes + work.kv_bytes;
  if (test.is_prompt) work.bytes -= (passes - 1) * head_bytes_;  // logits of the last token alone
  work.experts = static_cast<double>(trace.experts) / passes / layers_;
  work.i8_operations = 2 * i8_weights_ * n_tokens;
  work.f32_operations = 2 * f32_weights_ * n_tokens;
  return work;
}

}  // namespace cli
