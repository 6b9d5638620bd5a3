#include "core/formats/xai_checkpoint.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <set>

#include "core/base/encoding.h"
#include "core/base/failure.h"
#include "core/formats/config_json.h"
#include "core/formats/faults.h"
#include "core/formats/pickle.h"
#include "core/formats/xai_names.h"

namespace grok1 {
namespace {

namespace fs = std::filesystem;

// Where the parts of a model lie.
struct Folders {
  fs::path tensors;  // ckpt-0
  fs::path beside;   // the folder that contains it
};

bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

bool is_folder(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

// By name, without following links: what lies beside a linked folder lies beside the link.
fs::path full_path(const fs::path& folder) {
  const fs::path path = fs::absolute(folder).lexically_normal();
  return path.has_filename() ? path : path.parent_path();  // a closing slash counts as an empty name
}

// What a path that no format takes should have been.
constexpr const char* kModels =
    "a model is a folder that contains ckpt-0, one with *.safetensors or *.gguf files, or such a file itself";

Folders find_folders(const std::string& path) {
  const fs::path given(path), inside = given / "ckpt-0";
  if (!is_there(given)) {
    throw Failure(GROK1_E_NOT_FOUND, fmt::format("{}: no such file or folder; {}", path, kModels), GROK1_SOURCE_SYSTEM,
                  ENOENT);
  }
  if (!is_folder(given)) fail(GROK1_E_UNSUPPORTED, "{}: found a file that is no model; {}", path, kModels);
  if (is_folder(inside)) return {inside, given};
  if (is_there(inside)) {
    throw Failure(GROK1_E_IO, inside.string() + ": a folder of tensor files wanted, found a file", GROK1_SOURCE_SYSTEM,
                  ENOTDIR);
  }
  if (full_path(given).filename() == "ckpt-0" || is_there(given / xai_file_name(0))) {
    return {given, full_path(given).parent_path()};
  }
  throw Failure(GROK1_E_NOT_FOUND, fmt::format("{}: found no model in this folder; {}", path, kModels),
                GROK1_SOURCE_SYSTEM, ENOENT);
}

std::string shape_text(uint32_t rank, const std::array<uint64_t, 4>& shape) {
  return fmt::format("[{}]", fmt::join(shape.begin(), shape.begin() + rank, ", "));
}

class XaiCheckpoint final : public TensorSource {
 public:
  XaiCheckpoint(const std::string& path, const Faults* faults) : folders_(find_folders(path)), faults_(faults) {
    const fs::path tokenizer = folders_.beside / "tokenizer.model";
    if (is_there(tokenizer)) tokenizer_path_ = tokenizer.string();
    if (!read_config()) return;  // no file can be held against numbers that are not known
    const std::vector<XaiName> names = xai_names(config_.layers);
    const std::vector<bool> found = check_listing(names);
    tensors_.reserve(names.size());
    for (size_t i = 0; i < names.size(); ++i)
      if (found[i]) open_tensor(i, names[i]);
    warnings_ = config_warnings(config_);
  }

  std::string_view format() const override { return "xAI checkpoint"; }

 private:
  bool read_config() {
    const fs::path config = folders_.beside / "config.json";
    has_config_ = is_there(config);
    if (!has_config_) return true;
    return tolerate(faults_, FileFault::kDamaged, {config.string(), ""},
                    [&] { config_ = read_config_json(config.string()); });
  }

  // Why a file may not fit although nothing is wrong with it.
  std::string hint() const {
    if (has_config_) return "";
    return "; without a config.json beside ckpt-0 Grok-1's own sizes are expected";
  }

  // Every expected file must be there and no other of the same kind. Returns which of them are.
  std::vector<bool> check_listing(const std::vector<XaiName>& names) const {
    std::vector<bool> found(names.size());
    std::set<std::string> extra;
    std::error_code error;
    for (fs::directory_iterator entry(folders_.tensors, error), end; !error && entry != end; entry.increment(error)) {
      const std::string name = entry->path().filename().string();
      if (!is_xai_file_name(name)) continue;
      const auto index = static_cast<size_t>(std::stoul(name.substr(6, 5)));
      if (index < names.size() && name == xai_file_name(index)) {
        found[index] = true;
      } else {
        extra.insert(name);
      }
    }
    if (error) fail_in_system(GROK1_E_IO, error.value(), folders_.tensors.string() + ": cannot list");
    faults_ == nullptr ? require_all(names, found) : tell_missing(names, found);
    for (const std::string& name : extra) {
      const std::string path = (folders_.tensors / name).string();
      tolerate(faults_, FileFault::kExtra, {path, ""}, [&] {
        fail_in_file(path, 0, "{} tensor files of {} layers wanted, found this one besides{}", names.size(),
                     config_.layers, hint());
      });
    }
    return found;
  }

  void tell_missing(const std::vector<XaiName>& names, const std::vector<bool>& found) const {
    for (size_t i = 0; i < names.size(); ++i) {
      if (found[i]) continue;
      const std::string path = (folders_.tensors / xai_file_name(i)).string();
      faults_->add(Failure(GROK1_E_NOT_FOUND,
                           fmt::format("{}: this file is missing ({}); fetch it{}", path, names[i].title, hint()),
                           GROK1_SOURCE_SYSTEM, ENOENT),
                   FileFault::kMissing, {path, names[i].name});
    }
  }

  void require_all(const std::vector<XaiName>& names, const std::vector<bool>& found) const {
    const auto missing = static_cast<size_t>(std::count(found.begin(), found.end(), false));
    if (missing == 0) return;
    const auto first = static_cast<size_t>(std::find(found.begin(), found.end(), false) - found.begin());
    throw Failure(GROK1_E_NOT_FOUND,
                  fmt::format("{}: this file is missing ({}), {} of {} in all; fetch what is missing{}",
                              (folders_.tensors / xai_file_name(first)).string(), names[first].title, missing,
                              names.size(), hint()),
                  GROK1_SOURCE_SYSTEM, ENOENT);
  }

  void open_tensor(size_t index, const XaiName& name) {
    const std::string path = (folders_.tensors / xai_file_name(index)).string();
    tolerate(faults_, FileFault::kDamaged, {path, name.name}, [&] {
      try {
        files_.emplace_back(std::vector{path});
        files_.back().set_readahead(false);  // of a file only its headers are looked at here
        tensors_.push_back(read_tensor(files_.back(), name));
      } catch (const Failure& failure) {
        throw Failure(failure.status(), fmt::format("{} ({})", failure.message(), name.title), failure.source(),
                      failure.native_code(), failure.offset())
            .counted_as(failure.fault());
      }
    });
  }

  Tensor read_tensor(const JoinedFile& file, const XaiName& name) const {
    const Pickle pickle = read_pickle(file.path(), file.files().front().bytes());
    const PickledArray& weight = pickle.weight;
    Tensor tensor;
    tensor.role = name.role;
    tensor.layer = name.layer;
    tensor.name = name.name;
    check_shape(file.files().front(), weight, xai_shape(name.role, config_));
    check_encoding(file.files().front(), pickle, name.role);
    tensor.values = stored(file, name.name, weight);
    if (pickle.scales) add_scales(file, *pickle.scales, tensor);
    return tensor;
  }

  static StoredArray stored(const JoinedFile& file, const std::string& name, const PickledArray& array) {
    StoredArray made;
    made.encoding = array.encoding;
    made.rank = array.rank;
    made.shape = array.shape;
    made.parts = {made.whole(file, name, array.offset)};
    return made;
  }

  void check_shape(const MappedFile& file, const PickledArray& array, const XaiShape& wanted) const {
    if (array.rank == wanted.rank && array.shape == wanted.shape) return;
    fail_in_file(FileFault::kShape, file.path(), array.shape_at, "an array of shape {} wanted, found {}{}",
                 shape_text(wanted.rank, wanted.shape), shape_text(array.rank, array.shape), hint());
  }

  static void check_encoding(const MappedFile& file, const Pickle& pickle, TensorRole role) {
    const bool int8 = pickle.weight.encoding == GROK1_ENCODING_I8;
    if (!pickle.scales) {
      if (!int8) return;
      fail_in_file(FileFault::kEncoding, file.path(), pickle.weight.dtype_at,
                   "f32, bf16, or int8 with scales wanted, found int8 without");
    }
    if (!is_xai_quantized(role)) {
      fail_in_file(FileFault::kEncoding, file.path(), pickle.weight.dtype_at,
                   "a plain array of f32 or bf16 wanted, found one with scales");
    }
    if (!int8) {
      fail_in_file(FileFault::kEncoding, file.path(), pickle.weight.dtype_at,
                   "int8 wanted where there are scales, found {}", encoding_name(pickle.weight.encoding));
    }
    if (pickle.scales->encoding == GROK1_ENCODING_I8) {
      fail_in_file(FileFault::kEncoding, file.path(), pickle.scales->dtype_at,
                   "scales of bf16 or f32 wanted, found int8");
    }
  }

  // Scales are shaped as the weight, with K replaced by the number of groups, which must divide it.
  void add_scales(const JoinedFile& file, const PickledArray& scales, Tensor& tensor) const {
    const StoredArray& values = tensor.values;
    const uint32_t k_axis = values.rank - 2;
    const uint64_t k = values.shape[k_axis], groups = scales.shape[k_axis];
    XaiShape wanted{values.rank, values.shape};
    wanted.shape[k_axis] = groups;
    if (scales.rank != wanted.rank || scales.shape != wanted.shape || groups == 0 || k % groups != 0) {
      fail_in_file(FileFault::kShape, file.path(), scales.shape_at,
                   "scales of a shape like {} wanted, with a divisor of {} in place of that size, found {}",
                   shape_text(values.rank, values.shape), k, shape_text(scales.rank, scales.shape));
    }
    tensor.scales = stored(file, tensor.name, scales);
  }

  Folders folders_;
  const Faults* faults_;  // of the constructor only
  bool has_config_ = false;
};

}  // namespace

bool has_xai_checkpoint(const std::string& path) {
  return is_folder(fs::path(path) / "ckpt-0") || is_there(fs::path(path) / xai_file_name(0));
}

std::unique_ptr<TensorSource> open_xai_checkpoint(const std::string& path, const Faults* faults) {
  return std::make_unique<XaiCheckpoint>(path, faults);
}

}  // namespace grok1
