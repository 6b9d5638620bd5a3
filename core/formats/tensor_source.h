// What every on-disk format looks like to the rest of the library: a Config and the tensors of the model by role, each
// with shape, encoding and where its bytes lie in a mapped file. Readers check all of it before they return one;
// nothing behind this header validates a file again. Readers: xai_checkpoint.h.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/mapped_file.h"
#include "core/formats/config.h"

namespace grok1 {

enum class TensorRole : uint8_t {
  kEmbedding,  // [vocab, d_model], tied: the head too
  kFinalNorm,  // [d_model]
  kQuery,      // [d_model, heads * head_dim]; linear weights are [K in, N out] where `transposed` is false
  kKey,        // [d_model, kv_heads * head_dim]
  kValue,
  kAttentionOut,      // [heads * head_dim, d_model]
  kPreAttentionNorm,  // [d_model], also the next three
  kPostAttentionNorm,
  kPreMoeNorm,
  kPostMoeNorm,
  kRouter,  // [d_model, experts]
  kGate,    // [experts, d_model, ffn]: the GELU branch
  kUp,      // [experts, d_model, ffn]
  kDown,    // [experts, ffn, d_model]
};

struct Tensor {
  TensorRole role;
  uint32_t layer = 0;  // 0 for the embedding and the final norm
  std::string name;    // as the checkpoint's author names it
  const MappedFile* file = nullptr;
  uint32_t encoding = 0;  // GROK1_ENCODING_*
  uint32_t rank = 0;
  std::array<uint64_t, 4> shape{};  // outermost first
  uint64_t offset = 0, bytes = 0;   // in file
  uint32_t scale_encoding = 0;      // GROK1_ENCODING_NONE without scales
  uint32_t scale_groups = 0;        // along K; 0 without scales
  std::array<uint64_t, 4> scale_shape{};
  uint64_t scale_offset = 0, scale_bytes = 0;
  bool transposed = false;  // true: linear weights are stored [N out, K in]

  const void* data() const { return file->bytes().data() + offset; }
  const void* scales() const { return scale_bytes == 0 ? nullptr : file->bytes().data() + scale_offset; }
};

class TensorSource {
 public:
  virtual ~TensorSource() = default;
  virtual const Config& config() const = 0;
  virtual const std::vector<Tensor>& tensors() const = 0;  // in file order
  virtual std::string_view format() const = 0;             // for people: "xAI checkpoint"
  virtual uint64_t file_bytes() const = 0;
  virtual uint32_t n_files() const = 0;
  // The tokenizer that lies beside the weights; "" if there is none.
  virtual const std::string& tokenizer_path() const = 0;
  // What is allowed but unusual, for the log: one sentence each.
  virtual const std::vector<std::string>& warnings() const;
  // Throws GROK1_E_BAD_FILE if a weight file changed since it was opened.
  virtual void require_unchanged() const = 0;

  const Tensor& find(TensorRole role, uint32_t layer = 0) const;  // always present once a reader has returned
};

// Opens a model path in whatever format it is in: a folder that contains ckpt-0, or ckpt-0 itself.
// Throws GROK1_E_NOT_FOUND, GROK1_E_IO, GROK1_E_BAD_FILE, GROK1_E_UNSUPPORTED.
std::unique_ptr<TensorSource> open_model(const std::string& path);

}  // namespace grok1
