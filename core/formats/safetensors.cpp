// Two steps: SafetensorsHeader (safetensors_header.h) takes the JSON apart, what is here compares it with the file.
#include "core/formats/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "core/base/checked_size.h"
#include "core/base/failure.h"
#include "core/formats/safetensors_header.h"

namespace grok1 {
namespace {

constexpr uint64_t kLengthBytes = 8;
constexpr uint64_t kMostHeader = 100'000'000;  // the limit of the format's own package
static_assert(std::endian::native == std::endian::little, "the length is read as it lies");

std::string_view header_text(const std::string& path, std::span<const std::byte> file) {
  if (file.size() < kLengthBytes) {
    fail_in_file(FileFault::kShort, path, 0, "a header's length of 8 bytes wanted, found a file of {}", file.size());
  }
  uint64_t length;
  std::memcpy(&length, file.data(), kLengthBytes);
  if (length > kMostHeader) {
    fail_in_file(path, 0, "a header of at most {} bytes wanted, found a length of {}", kMostHeader, length);
  }
  if (length > file.size() - kLengthBytes) {
    fail_in_file(FileFault::kShort, path, 0,
                 "a header of {} bytes wanted, {} follow; the file was cut short, fetch it again", length,
                 file.size() - kLengthBytes);
  }
  return {reinterpret_cast<const char*>(file.data()) + kLengthBytes, length};
}

uint64_t payload_bits(const std::string& path, const SafetensorsEntry& entry, uint64_t item_bits) {
  try {
    CheckedSize bits = item_bits;
    for (uint32_t i = 0; i < entry.rank; ++i) bits = bits * entry.shape[i];
    return bits.value();
  } catch (const Failure& failure) {
    fail_in_file(path, entry.shape_at, "the tensor's shape is too large: {}", failure.message());
  }
}

// The extent inside the payloads, which have `size` bytes, and whether the shape fills it.
void check_extent(const std::string& path, const SafetensorsHeader::Tensor& tensor, uint64_t size) {
  if (tensor.end < tensor.begin) {
    fail_in_file(path, tensor.offsets_at, "an end behind the begin {} wanted, found {}", tensor.begin, tensor.end);
  }
  if (tensor.end > size) {
    fail_in_file(FileFault::kShort, path, tensor.offsets_at,
                 "a tensor that ends in the {} bytes behind the header wanted, found one that ends at {}; the file was "
                 "cut short, fetch it again",
                 size, tensor.end);
  }
  const uint64_t bits = payload_bits(path, tensor.entry, tensor.item_bits);
  if (bits % 8 != 0 || bits / 8 != tensor.end - tensor.begin) {
    fail_in_file(path, tensor.offsets_at, "{} bits of data wanted by the tensor's shape and type, found {} bytes", bits,
                 tensor.end - tensor.begin);
  }
}

// In file order the tensors must follow each other without a gap, from the header to the end of the file.
void check_cover(const std::string& path, std::span<const SafetensorsHeader::Tensor> tensors, uint64_t begin,
                 uint64_t size) {
  uint64_t end = 0;
  for (const SafetensorsHeader::Tensor& tensor : tensors) {
    if (tensor.begin != end) {
      fail_in_file(path, tensor.offsets_at,
                   "a tensor that begins where the one before it ends, at {}, wanted, found {}", end, tensor.begin);
    }
    end = tensor.end;
  }
  if (end != size) {
    fail_in_file(path, begin + end, "the end of the file wanted behind the last tensor, found {} bytes more",
                 size - end);
  }
}

}  // namespace

std::vector<SafetensorsEntry> read_safetensors(const std::string& path, std::span<const std::byte> file) {
  const std::string_view text = header_text(path, file);
  const uint64_t begin = kLengthBytes + text.size(), size = file.size() - begin;
  std::vector<SafetensorsHeader::Tensor> tensors = SafetensorsHeader(path, text, kLengthBytes).take_tensors();
  for (const SafetensorsHeader::Tensor& tensor : tensors) check_extent(path, tensor, size);
  // An empty tensor lies before what begins at the same byte.
  std::stable_sort(tensors.begin(), tensors.end(),
                   [](const auto& a, const auto& b) { return a.begin != b.begin ? a.begin < b.begin : a.end < b.end; });
  check_cover(path, tensors, begin, size);
  std::vector<SafetensorsEntry> entries;
  entries.reserve(tensors.size());
  for (SafetensorsHeader::Tensor& tensor : tensors) {
    tensor.entry.offset = begin + tensor.begin;
    tensor.entry.bytes = tensor.end - tensor.begin;
    entries.push_back(std::move(tensor.entry));
  }
  return entries;
}

}  // namespace grok1
