// What every on-disk format looks like to the rest of the library: a Config and the tensors of the model by role, each
// with shape, encoding and where its bytes lie in mapped files. Readers check all of it before they return one;
// nothing behind this header validates a file again. Readers: xai_checkpoint.h, hf_checkpoint.h, gguf_checkpoint.h.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/joined_file.h"
#include "core/base/vocabulary_pieces.h"
#include "core/formats/config.h"

namespace grok1 {

enum class TensorRole : uint8_t {
  kEmbedding,  // [vocab, d_model]; without a kHead it is the head too
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
  kHead,    // [vocab, d_model], only where it is not the embedding: Grok-1's is tied
};

// A box of a tensor that lies in a file, row behind row, without gaps.
struct TensorPart {
  const JoinedFile* file = nullptr;
  std::string name;            // of the stored tensor that it is, or is cut from, as the file names it
  uint64_t offset = 0;         // of its first row, in the file
  uint64_t expert_stride = 0;  // bytes from an expert's first row to the next expert's
  uint32_t expert_begin = 0, expert_end = 1;
  uint64_t outer_begin = 0, outer_end = 0, inner_begin = 0, inner_end = 0;  // elements of the whole tensor
};

// A tensor's numbers, or its scales: rows of `inner` elements, `outer` of them for each expert, in as many parts as the
// files have them in.
struct StoredArray {
  uint32_t encoding = 0;  // GROK1_ENCODING_*; _NONE for scales that are not there
  uint32_t rank = 0;
  std::array<uint64_t, 4> shape{};  // outermost first: [n], [outer, inner] or [experts, outer, inner]
  std::vector<TensorPart> parts;    // together exactly the array

  uint64_t experts() const { return rank == 3 ? shape[0] : 1; }
  uint64_t outer() const { return rank == 1 ? shape[0] : shape[rank - 2]; }
  uint64_t inner() const { return rank == 1 ? 1 : shape[rank - 1]; }
  uint64_t row_bytes() const;
  uint64_t bytes() const { return rank == 0 ? 0 : experts() * outer() * row_bytes(); }
  // The whole, as one part of a file.
  TensorPart whole(const JoinedFile& file, std::string name, uint64_t offset) const;
  // Where it is mapped, if that is in one run in the order of its elements; otherwise NULL.
  const std::byte* contiguous() const;
};

struct Tensor {
  TensorRole role = TensorRole::kEmbedding;
  uint32_t layer = 0;  // 0 for the embedding, the final norm and the head
  std::string name;    // as the checkpoint's author names it; of several parts, as they would be named as one
  StoredArray values;
  StoredArray scales;       // of int8: [groups, N] or [experts, groups, N]
  bool transposed = false;  // true: linear weights are stored [N out, K in]

  uint32_t scale_groups() const { return scales.rank == 0 ? 0 : static_cast<uint32_t>(scales.outer()); }
  uint64_t bytes() const { return values.bytes() + scales.bytes(); }
};

class Faults;  // faults.h

class TensorSource {
 public:
  TensorSource() = default;
  virtual ~TensorSource() = default;
  TensorSource(const TensorSource&) = delete;
  TensorSource& operator=(const TensorSource&) = delete;

  virtual std::string_view format() const = 0;  // for people: "xAI checkpoint"
  // The vocabulary inside the weights' files, read and handed over at each call; goes before one that lies beside.
  virtual std::optional<VocabularyPieces> vocabulary() const { return std::nullopt; }

  const Config& config() const { return config_; }
  const std::vector<Tensor>& tensors() const { return tensors_; }  // in file order
  uint64_t file_bytes() const;
  uint32_t n_files() const;  // pieces of a file that was cut counted singly
  // The tokenizer that lies beside the weights; "" if there is none.
  const std::string& tokenizer_path() const { return tokenizer_path_; }
  // What is allowed but unusual, for the log: one sentence each.
  const std::vector<std::string>& warnings() const { return warnings_; }
  // Throws GROK1_E_BAD_FILE if a weight file changed since it was opened.
  void require_unchanged() const;

  const Tensor& find(TensorRole role, uint32_t layer = 0) const;  // but for kHead always there

 protected:  // what a reader fills
  Config config_;
  std::deque<JoinedFile> files_;  // in the order of the listing; they stay where they are, tensors point to them
  std::vector<Tensor> tensors_;
  std::string tokenizer_path_;
  std::vector<std::string> warnings_;
};

// For readers: throws GROK1_E_BAD_FILE unless the parts of an array are exactly the whole.
void require_complete(const StoredArray& array, const std::string& name);

// Opens a model path in whatever format it is in: a folder that contains ckpt-0, or ckpt-0 itself; a folder of
// safetensors, or one such file; a GGUF file, a shard or piece of one, or the folder of one.
// Throws GROK1_E_NOT_FOUND, GROK1_E_IO, GROK1_E_BAD_FILE, GROK1_E_UNSUPPORTED; with `faults` only where there is
// nothing to go on with.
std::unique_ptr<TensorSource> open_model(const std::string& path, const Faults* faults = nullptr);

}  // namespace grok1
