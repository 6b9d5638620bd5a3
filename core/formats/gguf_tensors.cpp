#include "core/formats/gguf_tensors.h"

#include <algorithm>
#include <map>

#include "core/base/encoding.h"
#include "core/formats/gguf_names.h"

namespace grok1 {
namespace {

using Kind = GgufName::Kind;

struct Stored {
  const JoinedFile* file;
  const GgufTensor* tensor;
  GgufName name;
};

// Which tensor of the model.
using Place = std::pair<uint32_t, TensorRole>;  // layer, role

constexpr TensorRole kOfLayer[] = {TensorRole::kQuery,
                                   TensorRole::kKey,
                                   TensorRole::kValue,
                                   TensorRole::kAttentionOut,
                                   TensorRole::kRouter,
                                   TensorRole::kGate,
                                   TensorRole::kUp,
                                   TensorRole::kDown,
                                   TensorRole::kPreAttentionNorm,
                                   TensorRole::kPostAttentionNorm,
                                   TensorRole::kPreMoeNorm,
                                   TensorRole::kPostMoeNorm};

bool is_norm(TensorRole role) {
  return role == TensorRole::kFinalNorm || role == TensorRole::kPreAttentionNorm ||
         role == TensorRole::kPostAttentionNorm || role == TensorRole::kPreMoeNorm || role == TensorRole::kPostMoeNorm;
}

bool is_linear(TensorRole role) {
  return !is_norm(role) && role != TensorRole::kEmbedding && role != TensorRole::kHead;
}

class Collector {
 public:
  Collector(const std::vector<GgufHeader>& headers, const Config& config, const Faults* faults, bool complete)
      : headers_(headers), config_(config), faults_(faults), complete_(complete) {}

  std::vector<Tensor> collect() {
    for (const GgufHeader& header : headers_) {
      for (const GgufTensor& tensor : header.tensors) {
        if (!tolerate(faults_, FileFault::kExtra, place_of(header.file(), tensor),
                      [&] { sort(header.file(), tensor); }))
          complete_ = false;  // what is missing for it has been told
      }
    }
    look_for({0, TensorRole::kEmbedding});
    look_for({0, TensorRole::kFinalNorm});
    for (uint32_t layer = 0; layer < config_.layers; ++layer) {
      for (const TensorRole role : kOfLayer) look_for({layer, role});
    }
    std::vector<Tensor> tensors;
    tensors.reserve(places_.size());
    for (const auto& entry : places_) {
      const Stored& first = entry.second.front();
      tolerate(faults_, FileFault::kDamaged, place_of(*first.file, *first.tensor),
               [&] { tensors.push_back(make(entry.first, entry.second)); });
    }
    std::sort(tensors.begin(), tensors.end(), [this](const Tensor& a, const Tensor& b) { return order(a) < order(b); });
    return tensors;
  }

 private:
  static FaultPlace place_of(const JoinedFile& file, const GgufTensor& tensor) {
    return {file.place(tensor.offset).path, tensor.name};
  }

  // Drops what is not all there.
  void look_for(const Place& place) {
    static const Faults untold([](const Fault&) {});
    const Faults* faults = complete_ || faults_ == nullptr ? faults_ : &untold;
    const FaultPlace where{headers_.front().file().path(), gguf_name(place.second, place.first)};
    if (!tolerate(faults, FileFault::kMissing, where, [&] { require(place); })) places_.erase(place);
  }

  void sort(const JoinedFile& file, const GgufTensor& tensor) {
    const GgufName name = read_gguf_name(tensor.name);
    if (name.kind == Kind::kIgnored) return;
    if (name.kind == Kind::kGrok2) {
      refuse_in_gguf(file, tensor.at, "{}: Grok-1 has no dense feed-forward network; this is Grok-2", tensor.name);
    }
    if (name.kind == Kind::kUnknown)
      fail_in_gguf(file, tensor.at, "{}: Grok-1 has no tensor of this name", tensor.name);
    if (name.layer >= config_.layers) {
      fail_in_gguf(file, tensor.at, "{}: the model has {} layers", tensor.name, config_.layers);
    }
    if (name.kind == Kind::kExpert && name.expert >= config_.experts) {
      fail_in_gguf(file, tensor.at, "{}: the model has {} experts", tensor.name, config_.experts);
    }
    check_shape(file, tensor, name);
    check_encoding(file, tensor, name);
    add({name.layer, name.role}, {&file, &tensor, name});
    if (name.kind == Kind::kGateUp) add({name.layer, TensorRole::kUp}, {&file, &tensor, name});
  }

  void check_shape(const JoinedFile& file, const GgufTensor& tensor, const GgufName& name) const {
    const GgufShape wanted = gguf_shape(name, config_);
    // A size of 1 at the outer end may be left out: one expert, one layer's worth of rows.
    if (tensor.ne == wanted.ne) return;
    const auto text = [](const GgufShape& shape) {
      return fmt::format("{}", fmt::join(shape.ne.begin(), shape.ne.begin() + shape.rank, " x "));
    };
    fail_in_gguf(FileFault::kShape, file, tensor.shape_at, "{}: {} elements wanted, innermost first, found {}",
                 tensor.name, text(wanted), text({tensor.rank, tensor.ne}));
  }

  static void check_encoding(const JoinedFile& file, const GgufTensor& tensor, const GgufName& name) {
    if (!is_norm(name.role) && name.role != TensorRole::kRouter) return;
    if (encoding_shape(tensor.encoding).elements == 1) return;
    refuse_in_gguf(FileFault::kEncoding, file, tensor.type_at, "{}: F32, F16 or BF16 wanted, found {}", tensor.name,
                   encoding_name(tensor.encoding));
  }

  // Two ways to store the same are one too many: merged and single experts, two names of one norm.
  void add(const Place& place, const Stored& stored) {
    std::vector<Stored>& all = places_[place];
    for (const Stored& other : all) {
      const bool both_single = stored.name.kind == Kind::kExpert && other.name.kind == Kind::kExpert;
      if (both_single && stored.name.expert != other.name.expert) continue;
      fail_in_gguf(FileFault::kDuplicate, *stored.file, stored.tensor->at, "{}: {} is the same tensor",
                   stored.tensor->name, other.tensor->name);
    }
    all.push_back(stored);
  }

  [[noreturn]] void fail_missing(const std::string& name) const {
    const JoinedFile& file = headers_.front().file();
    fail_in_gguf(file, 0, "{} is missing, which a model of {} layers and {} experts has", name, config_.layers,
                 config_.experts);
  }

  void require(const Place& place) {
    const auto found = places_.find(place);
    if (found == places_.end()) fail_missing(gguf_name(place.second, place.first));
    std::vector<Stored>& all = found->second;
    if (all.front().name.kind != Kind::kExpert) return;
    std::sort(all.begin(), all.end(), [](const Stored& a, const Stored& b) { return a.name.expert < b.name.expert; });
    for (uint32_t expert = 0; expert < config_.experts; ++expert) {
      if (expert < all.size() && all[expert].name.expert == expert) continue;
      fail_missing(fmt::format("expert {} of {}", expert, gguf_name(place.second, place.first)));
    }
  }

  Tensor make(const Place& place, const std::vector<Stored>& all) const {
    const auto& [layer, role] = place;
    Tensor tensor;
    tensor.role = role;
    tensor.layer = layer;
    tensor.name = gguf_name(role, layer);
    tensor.transposed = is_linear(role);
    set_shape(tensor.values, {Kind::kTensor, role, layer, 0});
    tensor.values.encoding = all.front().tensor->encoding;
    for (const Stored& stored : all) {
      check_same_encoding(all.front(), stored);
      tensor.values.parts.push_back(part(tensor.values, stored, role));
    }
    require_complete(tensor.values, tensor.name);
    return tensor;
  }

  // Outermost first.
  void set_shape(StoredArray& values, const GgufName& name) const {
    const GgufShape shape = gguf_shape(name, config_);
    values.rank = shape.rank;
    std::reverse_copy(shape.ne.begin(), shape.ne.begin() + shape.rank, values.shape.begin());
  }

  static void check_same_encoding(const Stored& first, const Stored& other) {
    if (first.tensor->encoding == other.tensor->encoding) return;
    refuse_in_gguf(FileFault::kEncoding, *other.file, other.tensor->type_at,
                   "{} is {}, but {} is {}: experts of one layer in different encodings are not supported",
                   other.tensor->name, encoding_name(other.tensor->encoding), first.tensor->name,
                   encoding_name(first.tensor->encoding));
  }

  TensorPart part(const StoredArray& values, const Stored& stored, TensorRole role) const {
    TensorPart part = values.whole(*stored.file, stored.tensor->name, stored.tensor->offset);
    if (stored.name.kind == Kind::kExpert) {
      part.expert_begin = stored.name.expert;
      part.expert_end = stored.name.expert + 1;
    } else if (stored.name.kind == Kind::kGateUp) {
      if (role == TensorRole::kUp) part.offset += part.expert_stride;
      part.expert_stride *= 2;
    }
    return part;
  }

  std::pair<size_t, uint64_t> order(const Tensor& tensor) const {
    const TensorPart& first = tensor.values.parts.front();
    size_t file = 0;
    while (&headers_[file].file() != first.file) ++file;
    return {file, first.offset};
  }

  const std::vector<GgufHeader>& headers_;
  const Config& config_;
  const Faults* faults_;
  bool complete_;  // no header is missing, and no tensor was left out
  std::map<Place, std::vector<Stored>> places_;
};

}  // namespace

std::vector<Tensor> collect_gguf_tensors(const std::vector<GgufHeader>& headers, const Config& config,
                                         const Faults* faults, bool complete) {
  return Collector(headers, config, faults, complete).collect();
}

const GgufTensor* find_gguf_tensor(const std::vector<GgufHeader>& headers, std::string_view name) {
  for (const GgufHeader& header : headers) {
    for (const GgufTensor& tensor : header.tensors) {
      if (tensor.name == name) return &tensor;
    }
  }
  return nullptr;
}

}  // namespace grok1
