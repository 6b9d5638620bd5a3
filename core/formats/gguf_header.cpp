#include "core/formats/gguf_header.h"

#include <bit>
#include <unordered_set>

#include "core/base/checked_size.h"
#include "core/base/encoding.h"
#include "core/formats/gguf_tensor_type.h"

namespace grok1 {
namespace {

constexpr uint64_t kMagic = 0x46554747;       // "GGUF", little-endian
constexpr uint64_t kMostKeys = 65536;         // Grok-1's files have about 30
constexpr uint64_t kMostTensors = 1 << 20;    // 2115 with every expert by itself
constexpr uint64_t kLeastKeyBytes = 14;       // a length, one letter, a type, one byte of value
constexpr uint64_t kLeastTensorBytes = 33;    // a length, one letter, one dimension, a type, an offset
constexpr uint64_t kMostNameBytes = 64;       // GGML_MAX_NAME
constexpr uint64_t kMostAlignment = 1 << 20;  // 32 everywhere but in experiments

class HeaderReader {
 public:
  HeaderReader(const JoinedFile& file, const Faults* faults)
      : file_(file), faults_(faults), cursor_(file), header_(file) {}

  GgufHeader read() {
    read_version();
    const uint64_t tensors = read_count("tensors", kMostTensors, kLeastTensorBytes);
    const uint64_t keys = read_count("keys", kMostKeys, kLeastKeyBytes);
    for (uint64_t i = 0; i < keys; ++i) header_.values.read(cursor_);
    read_alignment();
    for (uint64_t i = 0; i < tensors; ++i) read_tensor();
    place_tensors();
    return std::move(header_);
  }

 private:
  void read_version() {
    if (file_.size() < 8 || cursor_.number(4, "the magic") != kMagic) {
      fail_in_gguf(file_, 0, "a GGUF file wanted, which begins with the letters GGUF, found another");
    }
    header_.version = static_cast<uint32_t>(cursor_.number(4, "the version"));
    if (header_.version == 2 || header_.version == 3) return;
    if (header_.version == 1) {
      refuse_in_gguf(file_, 4, "GGUF version 2 or 3 wanted, found 1 (of August 2023); convert the model again");
    }
    const uint32_t swapped = __builtin_bswap32(header_.version);
    if (swapped >= 1 && swapped <= 3) {
      refuse_in_gguf(file_, 4, "a little-endian GGUF file wanted, found a big-endian one of version {}", swapped);
    }
    refuse_in_gguf(file_, 4, "GGUF version 2 or 3 wanted, found {}", header_.version);
  }

  uint64_t read_count(std::string_view what, uint64_t most, uint64_t bytes_each) {
    const uint64_t at = cursor_.position(), count = cursor_.number(8, "a count");
    if (count > most) fail_in_gguf(file_, at, "at most {} {} wanted, found {}", most, what, count);
    if (count > cursor_.left() / bytes_each) {
      fail_in_gguf(file_, at, "{} {}, but the file has only {} bytes behind this number", count, what, cursor_.left());
    }
    return count;
  }

  void read_alignment() {
    constexpr std::string_view kKey = "general.alignment";
    if (!header_.values.has(kKey)) return;
    header_.alignment = static_cast<uint64_t>(header_.values.integer(kKey, 8, kMostAlignment));
    if (!std::has_single_bit(header_.alignment)) {
      header_.values.fail(kKey, "a power of two wanted, found {}", header_.alignment);
    }
  }

  void read_tensor() {
    GgufTensor tensor;
    tensor.at = cursor_.position();
    tensor.name = cursor_.text("the name of a tensor", kMostNameBytes);
    for (const char c : tensor.name) {
      if (c <= ' ' || c > '~') fail_in_gguf(file_, tensor.at, "a name of printable ASCII without spaces wanted");
    }
    if (tensor.name.empty()) fail_in_gguf(file_, tensor.at, "a tensor's name wanted, found an empty one");
    if (!names_.insert(tensor.name).second)
      fail_in_gguf(FileFault::kDuplicate, file_, tensor.at, "{} is there twice", tensor.name);
    tensor.shape_at = cursor_.position();
    tensor.rank = static_cast<uint32_t>(cursor_.number(4, "the number of dimensions"));
    if (tensor.rank < 1 || tensor.rank > 4) {
      fail_in_gguf(file_, tensor.shape_at, "{}: 1 to 4 dimensions wanted, found {}", tensor.name, tensor.rank);
    }
    for (uint32_t i = 0; i < tensor.rank; ++i) tensor.ne[i] = cursor_.number(8, "a dimension");
    tensor.type_at = cursor_.position();
    tensor.encoding = read_encoding(tensor.name);
    tensor.bytes = bytes_of(tensor);
    offset_at_.push_back(cursor_.position());
    tensor.offset = cursor_.number(8, "an offset");
    header_.tensors.push_back(std::move(tensor));
  }

  uint32_t read_encoding(const std::string& name) {
    const uint64_t at = cursor_.position();
    const auto number = static_cast<uint32_t>(cursor_.number(4, "the type of a tensor"));
    const GgufTensorType* type = find_gguf_tensor_type(number);
    if (type == nullptr) fail_in_gguf(FileFault::kEncoding, file_, at, "{}: tensor type {} is not known", name, number);
    if (type->encoding == GROK1_ENCODING_NONE) {
      refuse_in_gguf(FileFault::kEncoding, file_, at,
                     "{}: tensors of type {} are not supported; fetch the model in another", name, type->name);
    }
    return type->encoding;
  }

  uint64_t bytes_of(const GgufTensor& tensor) const {
    const EncodingShape block = encoding_shape(tensor.encoding);
    CheckedSize elements = 1;
    try {
      for (uint32_t i = 0; i < tensor.rank; ++i) elements = elements * tensor.ne[i];
      if (elements.value() == 0) fail_in_gguf(file_, tensor.shape_at, "{}: a dimension of 0", tensor.name);
      if (tensor.ne[0] % block.elements != 0) {
        fail_in_gguf(file_, tensor.shape_at, "{}: rows of a multiple of {} elements wanted for {}, found {}",
                     tensor.name, block.elements, encoding_name(tensor.encoding), tensor.ne[0]);
      }
      return (CheckedSize(elements.value() / block.elements) * block.bytes).value();
    } catch (const Failure& failure) {
      if (failure.source() == GROK1_SOURCE_FILE) throw;
      fail_in_gguf(file_, tensor.shape_at, "{}: {}", tensor.name, failure.message());
    }
  }

  // Offsets in the file count from where the header ends, rounded up. They ascend; there may be room between tensors.
  void place_tensors() {
    if (header_.tensors.empty()) return;
    const uint64_t rest = cursor_.position() % header_.alignment;
    const uint64_t data = cursor_.position() + (rest == 0 ? 0 : header_.alignment - rest);
    const uint64_t room = file_.size() < data ? 0 : file_.size() - data;
    uint64_t end = 0;
    for (size_t i = 0; i < header_.tensors.size(); ++i) {
      GgufTensor& tensor = header_.tensors[i];
      if (tensor.offset % header_.alignment != 0) {
        fail_in_gguf(file_, offset_at_[i], "{}: an offset that is a multiple of {} wanted, found {}", tensor.name,
                     header_.alignment, tensor.offset);
      }
      if (tensor.offset < end) {
        fail_in_gguf(file_, offset_at_[i], "{}: an offset of {} or more wanted, behind the tensor before, found {}",
                     tensor.name, end, tensor.offset);
      }
      if (tensor.offset > room || tensor.bytes > room - tensor.offset) {
        // They ascend: behind the first that does not lie in the file none does.
        tolerate(faults_, FileFault::kShort, {file_.path(), tensor.name}, [&] {
          fail_in_gguf(
              file_, offset_at_[i],
              "{}: {} bytes at offset {} do not lie in the file, which has {} bytes of tensors; fetch it again",
              tensor.name, tensor.bytes, tensor.offset, room);
        });
        header_.cut_short = true;
        header_.tensors.resize(i);
        return;
      }
      end = tensor.offset + tensor.bytes;
      tensor.offset += data;
    }
  }

  const JoinedFile& file_;
  const Faults* faults_;
  GgufCursor cursor_;
  GgufHeader header_;
  std::unordered_set<std::string> names_;
  std::vector<uint64_t> offset_at_;  // of each tensor
};

}  // namespace

GgufHeader read_gguf_header(const JoinedFile& file, const Faults* faults) {
  return HeaderReader(file, faults).read();
}

}  // namespace grok1
