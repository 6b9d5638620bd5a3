#include "core/formats/gguf_checkpoint.h"

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "core/formats/gguf_config.h"
#include "core/formats/gguf_files.h"
#include "core/formats/gguf_tensors.h"
#include "core/formats/gguf_vocabulary.h"

namespace grok1 {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSplitNo = "split.no";
constexpr const char* kSplitCount = "split.count";
constexpr const char* kSplitTensors = "split.tensors.count";

class GgufCheckpoint final : public TensorSource {
 public:
  GgufCheckpoint(const std::string& path, const Faults* faults) : faults_(faults) {
    const GgufFiles files = find_gguf_files(path, faults);
    for (size_t i = 0; i < files.shards.size(); ++i) open_shard(i, files.shards[i]);
    if (shards_.empty() || shards_.front() != 0) return;  // the model's numbers are in the first
    const FaultPlace first{files_.front().path(), ""};
    bool complete = shards_.size() == files.shards.size();
    for (const GgufHeader& header : headers_) complete = complete && !header.cut_short;
    tolerate(faults, FileFault::kDamaged, first, [&] { check_split(files.is_split, complete); });
    if (!tolerate(faults, FileFault::kDamaged, first, [&] { read_config(); })) return;
    tensors_ = collect_gguf_tensors(headers_, config_, faults, complete);
    tie_head();
    find_tokenizer();
  }

  std::string_view format() const override { return "GGUF"; }

  std::optional<VocabularyPieces> vocabulary() const override {
    if (headers_.empty() || !has_gguf_vocabulary(values())) return std::nullopt;
    return read_gguf_vocabulary(values());
  }

 private:
  const GgufValues& values() const { return headers_.front().values; }  // other shards repeat some of them at most

  void open_shard(size_t index, const std::vector<std::string>& pieces) {
    if (pieces.empty()) return;  // missing, which was told
    tolerate(faults_, FileFault::kDamaged, {pieces.front(), ""}, [&] {
      const JoinedFile& file = files_.emplace_back(pieces);
      file.set_readahead(false);  // of the rest nothing is looked at here
      headers_.push_back(read_gguf_header(file, faults_));
      shards_.push_back(index);
    });
  }

  // Names and keys must tell the same of how the model is split. `complete`: no shard is missing, nor a part of one.
  void check_split(bool by_name, bool complete) const {
    if (!by_name) {
      if (values().has(kSplitCount) && values().integer(kSplitCount, 0, UINT16_MAX) > 1) {
        values().fail(kSplitCount, "files NAME-00001-of-{:05}.gguf wanted, found one of another name",
                      values().integer(kSplitCount, 0, UINT16_MAX));
      }
      return;
    }
    uint64_t tensors = 0;
    for (size_t i = 0; i < headers_.size(); ++i) {
      const auto no = static_cast<int64_t>(shards_[i]), count = static_cast<int64_t>(headers_.size());
      want(headers_[i].values, kSplitNo, no);
      if (complete) want(headers_[i].values, kSplitCount, count);
      tensors += headers_[i].tensors.size();
    }
    if (!complete) return;
    for (const GgufHeader& header : headers_) want(header.values, kSplitTensors, static_cast<int64_t>(tensors));
  }

  static void want(const GgufValues& values, const char* key, int64_t wanted) {
    if (const int64_t found = values.integer(key, 0, INT32_MAX); found != wanted) {
      values.fail(key, "{} wanted, as the shards' names and tensors have it, found {}", wanted, found);
    }
  }

  void read_config() {
    const GgufTensor* embedding = find_gguf_tensor(headers_, "token_embd.weight");
    GgufConfig read = read_gguf_config(values(), embedding == nullptr ? 1 : embedding->ne[1]);
    config_ = read.config;
    warnings_ = std::move(read.warnings);
    check_gguf_vocabulary(values(), config_.vocab_size);
  }

  // Grok-1's head is its embedding. Files that have it twice are read as if they had it once, others keep both: many
  // have the head in a finer encoding.
  void tie_head() {
    const auto with = [this](TensorRole role) {
      return std::find_if(tensors_.begin(), tensors_.end(), [&](const Tensor& tensor) { return tensor.role == role; });
    };
    const auto head = with(TensorRole::kHead), embedding = with(TensorRole::kEmbedding);
    if (head == tensors_.end() || embedding == tensors_.end()) return;  // it has one, or the other had a fault
    if (same_bytes(head->values, embedding->values)) tensors_.erase(head);
  }

  static bool same_bytes(const StoredArray& a, const StoredArray& b) {
    if (a.encoding != b.encoding) return false;
    constexpr uint64_t kStep = 1 << 20;
    std::vector<std::byte> a_bytes(kStep), b_bytes(kStep);
    for (uint64_t at = 0; at < a.bytes(); at += kStep) {
      const uint64_t size = std::min(kStep, a.bytes() - at);
      const TensorPart &a_part = a.parts.front(), &b_part = b.parts.front();
      a_part.file->read(a_part.offset + at, {a_bytes.data(), size});
      b_part.file->read(b_part.offset + at, {b_bytes.data(), size});
      if (std::memcmp(a_bytes.data(), b_bytes.data(), size) != 0) return false;
    }
    return true;
  }

  void find_tokenizer() {
    const fs::path beside = fs::path(files_.front().path()).parent_path() / "tokenizer.model";
    std::error_code error;
    if (!has_gguf_vocabulary(values()) && fs::exists(beside, error)) tokenizer_path_ = beside.string();
  }

  const Faults* faults_;  // of the constructor only
  std::vector<GgufHeader> headers_;
  std::vector<size_t> shards_;  // of each header, which it is of
};

}  // namespace

std::unique_ptr<TensorSource> open_gguf_checkpoint(const std::string& path, const Faults* faults) {
  return std::make_unique<GgufCheckpoint>(path, faults);
}

}  // namespace grok1
