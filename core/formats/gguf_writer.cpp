// Numbers of value types, the keys of shards and their names: docs/gguf.md of ggml-org/ggml and llama.cpp's gguf-split.
#include "core/formats/gguf_writer.h"

#include <bit>
#include <cstring>

#include "core/base/encoding.h"
#include "core/base/failure.h"
#include "core/formats/gguf_tensor_type.h"
#include "core/formats/gguf_values.h"

namespace grok1 {
namespace {

constexpr uint64_t kAlignment = 32;  // general.alignment where no key says otherwise
constexpr uint32_t kVersion = 3;
constexpr size_t kMostShards = 65535;  // split.count is of 16 bits

static_assert(std::endian::native == std::endian::little, "numbers are copied as they lie in memory");

template <class T>
void append(std::string& bytes, T value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void append_text(std::string& bytes, std::string_view text) {
  append<uint64_t>(bytes, text.size());
  bytes.append(text);
}

// The number that ggml gives to an encoding.
uint32_t gguf_type_of(uint32_t encoding) {
  constexpr uint32_t kMost = 64;
  for (uint32_t number = 0; number < kMost; ++number) {
    const GgufTensorType* type = find_gguf_tensor_type(number);
    if (type != nullptr && type->encoding == encoding) return number;
  }
  fail(GROK1_E_INTERNAL, "GGUF has no type for {}", encoding_name(encoding));
}

uint64_t aligned(uint64_t offset) {
  return (offset + kAlignment - 1) / kAlignment * kAlignment;
}

uint64_t bytes_of(const GgufEntry& entry) {
  uint64_t elements = 1;
  for (const uint64_t size : entry.ne) elements *= size;
  return encoded_bytes(entry.encoding, elements);
}

void append_entry(std::string& bytes, const GgufEntry& entry, uint64_t offset) {
  append_text(bytes, entry.name);
  append(bytes, static_cast<uint32_t>(entry.ne.size()));
  for (const uint64_t size : entry.ne) append(bytes, size);
  append(bytes, gguf_type_of(entry.encoding));
  append(bytes, offset);
}

uint64_t header_bytes_of(const GgufEntry& entry) {
  return 8 + entry.name.size() + 4 + 8 * entry.ne.size() + 4 + 8;
}

GgufKeys shard_keys(size_t shard, size_t shards, size_t tensors) {
  GgufKeys keys;
  keys.add_u16("split.no", static_cast<uint16_t>(shard));
  keys.add_u16("split.count", static_cast<uint16_t>(shards));
  keys.add_i32("split.tensors.count", static_cast<int32_t>(tensors));
  return keys;
}

// A file of the entries begin .. end, whose places are filled in.
void add_file(GgufLayout& layout, const GgufKeys& keys, const std::vector<GgufEntry>& entries, size_t begin,
              size_t end) {
  GgufLayout::File file;
  file.header = "GGUF";
  append(file.header, kVersion);
  append<uint64_t>(file.header, end - begin);
  append<uint64_t>(file.header, keys.count());
  file.header += keys.bytes();
  uint64_t offset = 0;
  for (size_t i = begin; i < end; ++i) {
    append_entry(file.header, entries[i], offset);
    layout.places[i] = {static_cast<uint32_t>(layout.files.size()), offset, bytes_of(entries[i])};
    offset += aligned(layout.places[i].bytes);
  }
  file.header.resize(aligned(file.header.size()), '\0');
  for (size_t i = begin; i < end; ++i) layout.places[i].offset += file.header.size();
  file.bytes = file.header.size() + offset;
  layout.files.push_back(std::move(file));
}

// Behind the last entry from `begin` on that still fits a shard.
size_t end_of_shard(uint64_t key_bytes, const std::vector<GgufEntry>& entries, size_t begin, uint64_t shard_bytes) {
  uint64_t header = 24 + key_bytes, data = 0;
  size_t end = begin;
  for (; end < entries.size(); ++end) {
    header += header_bytes_of(entries[end]);
    data += aligned(bytes_of(entries[end]));
    if (aligned(header) + data > shard_bytes) break;
  }
  if (end == begin) {
    fail(GROK1_E_INVALID_ARGUMENT, "shard_bytes: at least {} bytes wanted for {} alone, found {}", aligned(header) + data,
         entries[begin].name, shard_bytes);
  }
  return end;
}

}  // namespace

void GgufKeys::begin(std::string_view key, uint32_t type) {
  append_text(bytes_, key);
  append(bytes_, type);
  ++count_;
}

void GgufKeys::begin_array(std::string_view key, uint32_t type, uint64_t count) {
  begin(key, static_cast<uint32_t>(GgufType::kArray));
  append(bytes_, type);
  append(bytes_, count);
}

void GgufKeys::add_text(std::string_view key, std::string_view value) {
  begin(key, static_cast<uint32_t>(GgufType::kString));
  append_text(bytes_, value);
}

void GgufKeys::add_flag(std::string_view key, bool value) {
  begin(key, static_cast<uint32_t>(GgufType::kBool));
  append<uint8_t>(bytes_, value ? 1 : 0);
}

void GgufKeys::add_u16(std::string_view key, uint16_t value) {
  begin(key, static_cast<uint32_t>(GgufType::kUint16));
  append(bytes_, value);
}

void GgufKeys::add_u32(std::string_view key, uint32_t value) {
  begin(key, static_cast<uint32_t>(GgufType::kUint32));
  append(bytes_, value);
}

void GgufKeys::add_i32(std::string_view key, int32_t value) {
  begin(key, static_cast<uint32_t>(GgufType::kInt32));
  append(bytes_, value);
}

void GgufKeys::add_float(std::string_view key, float value) {
  begin(key, static_cast<uint32_t>(GgufType::kFloat32));
  append(bytes_, value);
}

void GgufKeys::add_texts(std::string_view key, const std::vector<std::string>& values) {
  begin_array(key, static_cast<uint32_t>(GgufType::kString), values.size());
  for (const std::string& value : values) append_text(bytes_, value);
}

void GgufKeys::add_floats(std::string_view key, std::span<const float> values) {
  begin_array(key, static_cast<uint32_t>(GgufType::kFloat32), values.size());
  bytes_.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
}

void GgufKeys::add_i32s(std::string_view key, std::span<const int32_t> values) {
  begin_array(key, static_cast<uint32_t>(GgufType::kInt32), values.size());
  bytes_.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
}

void GgufKeys::add_all(const GgufKeys& others) {
  count_ += others.count_;
  bytes_ += others.bytes_;
}

uint64_t GgufLayout::bytes() const {
  uint64_t sum = 0;
  for (const File& file : files) sum += file.bytes;
  return sum;
}

GgufLayout lay_out_gguf(const GgufKeys& keys, const std::vector<GgufEntry>& entries, uint64_t shard_bytes) {
  GgufLayout layout;
  layout.places.resize(entries.size());
  add_file(layout, keys, entries, 0, entries.size());
  if (shard_bytes == 0 || layout.bytes() <= shard_bytes) return layout;

  layout.files.clear();
  const uint64_t every = shard_keys(0, 0, 0).bytes().size();
  std::vector<size_t> ends;
  for (size_t begin = 0; begin < entries.size(); begin = ends.back()) {
    const uint64_t key_bytes = ends.empty() ? keys.bytes().size() + every : every;
    ends.push_back(end_of_shard(key_bytes, entries, begin, shard_bytes));
  }
  if (ends.size() > kMostShards) {
    fail(GROK1_E_INVALID_ARGUMENT, "shard_bytes: at most {} shards wanted, {} bytes make {}", kMostShards, shard_bytes,
         ends.size());
  }
  for (size_t shard = 0, begin = 0; shard < ends.size(); begin = ends[shard++]) {
    GgufKeys all = shard == 0 ? keys : GgufKeys();
    all.add_all(shard_keys(shard, ends.size(), entries.size()));
    add_file(layout, all, entries, begin, ends[shard]);
  }
  return layout;
}

std::string gguf_shard_path(const std::string& path, size_t shard, size_t shards) {
  if (shards == 1) return path;
  constexpr std::string_view kSuffix = ".gguf";
  const std::string name = path.ends_with(kSuffix) ? path.substr(0, path.size() - kSuffix.size()) : path;
  return fmt::format("{}-{:05}-of-{:05}.gguf", name, shard + 1, shards);
}

}  // namespace grok1
