#include "core/formats/hf_checkpoint.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <tuple>

#include "core/base/failure.h"
#include "core/formats/config_json.h"
#include "core/formats/faults.h"
#include "core/formats/hf_files.h"
#include "core/formats/hf_index.h"
#include "core/formats/hf_pieces.h"

namespace grok1 {
namespace {

namespace fs = std::filesystem;

constexpr TensorRole kLayerRoles[] = {TensorRole::kPreAttentionNorm,
                                      TensorRole::kQuery,
                                      TensorRole::kKey,
                                      TensorRole::kValue,
                                      TensorRole::kAttentionOut,
                                      TensorRole::kPostAttentionNorm,
                                      TensorRole::kPreMoeNorm,
                                      TensorRole::kRouter,
                                      TensorRole::kGate,
                                      TensorRole::kUp,
                                      TensorRole::kDown,
                                      TensorRole::kPostMoeNorm};

bool is_linear(TensorRole role) {
  return role == TensorRole::kQuery || role == TensorRole::kKey || role == TensorRole::kValue ||
         role == TensorRole::kAttentionOut || role == TensorRole::kRouter || is_hf_expert(role);
}

struct Shape {
  uint32_t rank;
  std::array<uint64_t, 4> sizes;
};

// Of the whole tensor, linear weights [N out, K in].
Shape shape_of(TensorRole role, const Config& c) {
  const uint64_t d = c.d_model, q = uint64_t{c.heads} * c.head_dim, kv = uint64_t{c.kv_heads} * c.head_dim;
  switch (role) {
    case TensorRole::kEmbedding:
    case TensorRole::kHead: return {2, {c.vocab_size, d}};
    case TensorRole::kQuery: return {2, {q, d}};
    case TensorRole::kKey:
    case TensorRole::kValue: return {2, {kv, d}};
    case TensorRole::kAttentionOut: return {2, {d, q}};
    case TensorRole::kRouter: return {2, {c.experts, d}};
    case TensorRole::kGate:
    case TensorRole::kUp: return {3, {c.experts, c.ffn, d}};
    case TensorRole::kDown: return {3, {c.experts, d, c.ffn}};
    default: return {1, {d}};  // norms
  }
}

class HfCheckpoint final : public TensorSource {
 public:
  HfCheckpoint(const std::string& path, const Faults* faults) : listing_(find_hf_files(path, faults)), faults_(faults) {
    const fs::path folder = listing_.folder, tokenizer = folder / "tokenizer.model";
    std::error_code error;
    if (fs::exists(tokenizer, error)) tokenizer_path_ = tokenizer.string();
    HfConfig read;
    const std::string config = (folder / "config.json").string();
    if (!tolerate(faults_, FileFault::kDamaged, {config, ""}, [&] { read = read_hf_config_json(config); })) return;
    config_ = read.config;
    warnings_ = config_warnings(config_);
    const bool has_index = tolerate(faults_, FileFault::kDamaged, {listing_.index, ""}, [&] {
      if (!listing_.index.empty()) index_.emplace(listing_.index);
    });
    if (!has_index) return;  // which files are wanted is not known
    open_files();
    if (stored_.empty() && !is_all_read()) return;  // all that could be told has been
    sort_pieces();
    make_tensors(read.tied);
    drop_tied_head(read.tied);
    put_in_file_order();
  }

  std::string_view format() const override { return "Hugging Face safetensors"; }

 private:
  void open_files() {
    if (index_) {
      std::set<std::string> names;
      for (const auto& [tensor, file] : index_->files()) names.insert(file);
      for (const std::string& name : names)
        listing_.files.push_back({(fs::path(listing_.folder) / name).string(), std::nullopt});
    }
    for (const HfFile& file : listing_.files) {
      const bool read = tolerate(faults_, FileFault::kDamaged, {file.path, ""}, [&] { open_file(file); });
      if (!read) unread_.insert(fs::path(file.path).filename().string());
    }
    if (index_) check_index();
  }

  void open_file(const HfFile& file) {
    files_.emplace_back(std::vector{file.path});
    files_.back().set_readahead(false);  // of a file only its header is looked at here
    const MappedFile& mapped = files_.back().files().front();
    for (SafetensorsEntry& entry : read_safetensors(file.path, mapped.bytes())) {
      const bool wanted = tolerate(faults_, FileFault::kExtra, {file.path, entry.name}, [&] {
        if (index_) check_in_index(entry);
      });
      if (wanted && !is_hf_buffer(entry.name)) stored_.push_back({&files_.back(), std::move(entry), file.rank});
    }
  }

  void check_in_index(const SafetensorsEntry& entry) const {
    const JoinedFile& file = files_.back();
    const auto listed = index_->files().find(entry.name);
    if (listed != index_->files().end() && listed->second == fs::path(file.path()).filename()) return;
    fail_in_file(file.path(), entry.name_at, "'{}' wanted in {} as the index says, found here", entry.name,
                 listed == index_->files().end() ? "no file" : listed->second);
  }

  // That nothing is missing of what it lists; what is there but not listed was refused.
  void check_index() const {
    std::set<std::string_view> found;
    for (const HfPiece& piece : stored_) found.insert(piece.entry.name);
    for (const auto& [tensor, file] : index_->files()) {
      if (found.count(tensor) != 0 || is_hf_buffer(tensor) || unread_.count(file) != 0) continue;
      tolerate(faults_, FileFault::kMissing, {(fs::path(listing_.folder) / file).string(), tensor},
               [&, &tensor = tensor, &file = file] { index_->fail_at(tensor, "not found in " + file); });
    }
  }

  void sort_pieces() {
    HfNamingFinder finder;
    for (const HfPiece& piece : stored_) finder.see(piece.entry.name);
    if (!finder.naming()) {
      fail(GROK1_E_UNSUPPORTED,
           "{}: Grok-1's tensors wanted under the names of keyfan/grok-1-hf (transformer.in_out_embed.weight, ...), "
           "hpcai-tech/grok-1 or SGLang (model.embed_tokens.weight, ...), found {}",
           listing_.folder, stored_.empty() ? "none" : "'" + stored_.front().entry.name + "' and others");
    }
    naming_ = *finder.naming();
    for (HfPiece& piece : stored_) {
      tolerate(faults_, FileFault::kExtra, {piece.file->path(), piece.entry.name}, [&] {
        const std::optional<HfName> name = parse_hf_name(naming_, piece.entry.name);
        if (!name || name->layer >= config_.layers || name->expert >= config_.experts) fail_unknown(piece, name);
        add_piece(pieces_[*name], std::move(piece));
      });
    }
    stored_.clear();
  }

  [[noreturn]] void fail_unknown(const HfPiece& piece, const std::optional<HfName>& name) const {
    const std::string& path = piece.file->path();
    if (!name) {
      fail_in_file(path, piece.entry.name_at, "a tensor of Grok-1 under the names of {} wanted, found '{}'",
                   hf_naming_title(naming_), piece.entry.name);
    }
    fail_in_file(path, piece.entry.name_at, "{} layers of {} experts wanted by config.json, found '{}'", config_.layers,
                 config_.experts, piece.entry.name);
  }

  // In the order of ranks.
  static void add_piece(std::vector<HfPiece>& pieces, HfPiece piece) {
    auto place = pieces.begin();
    while (place != pieces.end() && place->rank && piece.rank && *place->rank < *piece.rank) ++place;
    const bool apart = place == pieces.end() || (place->rank && piece.rank && *place->rank != *piece.rank);
    if (apart && (pieces.empty() || pieces.front().rank.has_value() == piece.rank.has_value())) {
      pieces.insert(place, std::move(piece));
      return;
    }
    fail_in_file(FileFault::kDuplicate, piece.file->path(), piece.entry.name_at,
                 "'{}' wanted once, but it is in {} too", piece.entry.name, pieces.front().file->path());
  }

  void make_tensors(std::optional<bool> tied) {
    add_tensor(TensorRole::kEmbedding, 0);
    for (uint32_t layer = 0; layer < config_.layers; ++layer) {
      for (const TensorRole role : kLayerRoles) add_tensor(role, layer);
    }
    add_tensor(TensorRole::kFinalNorm, 0);
    if (pieces_.count({TensorRole::kHead}) != 0 || tied == false) add_tensor(TensorRole::kHead, 0);
    if (missing_.empty() || faults_ != nullptr) return;
    fail(GROK1_E_BAD_FILE, "{}: '{}' is missing, {} of {} tensors in all; fetch what is missing", listing_.folder,
         missing_.front(), missing_.size(), n_wanted_);
  }

  // Unless it is in a file that could not be read, or listed in the index, of which that has been told.
  void tell_missing(const std::string& name) const {
    if (faults_ == nullptr || index_ || !is_all_read()) return;
    faults_->add(Failure(GROK1_E_BAD_FILE, fmt::format("{}: '{}' is missing; fetch it", listing_.folder, name)),
                 FileFault::kMissing, {listing_.folder, name});
  }

  void add_tensor(TensorRole role, uint32_t layer) {
    const Shape shape = shape_of(role, config_);
    Tensor tensor;
    tensor.role = role;
    tensor.layer = layer;
    tensor.transposed = is_linear(role);
    tensor.values.rank = shape.rank;
    tensor.values.shape = shape.sizes;
    const uint32_t n = is_hf_expert(role) ? config_.experts : 1;
    bool complete = true;
    for (uint32_t expert = 0; expert < n; ++expert) complete = add_parts(tensor, {role, layer, expert}) && complete;
    if (!complete || (faults_ == nullptr && !missing_.empty())) return;
    tensor.name = title_of(role, layer);
    const bool right = tolerate(faults_, FileFault::kDamaged, {listing_.folder, tensor.name},
                                [&] { require_complete(tensor.values, tensor.name); });
    if (right) tensors_.push_back(std::move(tensor));
  }

  bool add_parts(Tensor& tensor, const HfName& name) {
    ++n_wanted_;
    const auto found = pieces_.find(name);
    if (found == pieces_.end()) {
      missing_.push_back(hf_name(naming_, name));
      tell_missing(missing_.back());
      return false;
    }
    const HfPiece& first = found->second.front();
    const Faults told([this](const Fault& fault) {
      const FileFault kind = fault.failure.fault();
      if (kind != FileFault::kMissing || is_all_read()) faults_->add(fault.failure, kind, fault.place);
    });
    return tolerate(faults_ == nullptr ? nullptr : &told, FileFault::kShape, {first.file->path(), first.entry.name},
                    [&] { add_hf_parts(tensor.values, name, found->second, listing_.ranks); });
  }

  // Otherwise files have been told that explain what is missing.
  bool is_all_read() const { return unread_.empty() && listing_.complete; }

  // Of experts' matrices the name that they would have as one.
  std::string title_of(TensorRole role, uint32_t layer) const {
    std::string name = hf_name(naming_, {role, layer, 0});
    if (!is_hf_expert(role)) return name;
    return name.replace(name.rfind(".0.") + 1, 1, "*");
  }

  // Most ports store the embedding twice.
  void drop_tied_head(std::optional<bool> tied) {
    if (tensors_.empty() || tensors_.back().role != TensorRole::kHead) return;
    if (tensors_.front().role != TensorRole::kEmbedding) return;  // it had a fault
    for (const JoinedFile& file : files_) file.set_readahead(true);
    const bool same = same_rows(tensors_.back().values, tensors_.front().values);
    for (const JoinedFile& file : files_) file.set_readahead(false);
    if (same) {
      tensors_.pop_back();
    } else if (tied == true) {
      warnings_.push_back(
          fmt::format("config.json: \"tie_word_embeddings\" is true, but '{}' is not the embedding; it "
                      "is used as the head",
                      tensors_.back().name));
    }
  }

  void put_in_file_order() {
    std::stable_sort(tensors_.begin(), tensors_.end(), [](const Tensor& a, const Tensor& b) {
      const TensorPart &of_a = a.values.parts.front(), &of_b = b.values.parts.front();
      return std::tie(of_a.file->path(), of_a.offset) < std::tie(of_b.file->path(), of_b.offset);
    });
  }

  HfFiles listing_;
  const Faults* faults_;  // of the constructor only
  std::optional<HfIndex> index_;
  std::vector<HfPiece> stored_;  // until they are sorted
  HfNaming naming_ = HfNaming::kKeyfan;
  std::map<HfName, std::vector<HfPiece>> pieces_;
  std::set<std::string> unread_;  // names of files that had a fault of their own
  size_t n_wanted_ = 0;
  std::vector<std::string> missing_;
};

}  // namespace

std::unique_ptr<TensorSource> open_hf_checkpoint(const std::string& path, const Faults* faults) {
  return std::make_unique<HfCheckpoint>(path, faults);
}

}  // namespace grok1
