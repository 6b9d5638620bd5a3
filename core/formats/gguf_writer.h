// What a GGUF file of version 3 is made of, as bytes: keys and values, the list of tensors, and where each tensor will
// lie, in one file or in several shards as gguf-split names them. Pure arithmetic: no file is touched, and what the
// keys mean core/convert/keys.h knows. The format: docs/formats/gguf.md.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace grok1 {

// Keys and values in the order in which they were added.
class GgufKeys {
 public:
  void add_text(std::string_view key, std::string_view value);
  void add_flag(std::string_view key, bool value);
  void add_u16(std::string_view key, uint16_t value);
  void add_u32(std::string_view key, uint32_t value);
  void add_i32(std::string_view key, int32_t value);
  void add_float(std::string_view key, float value);
  void add_texts(std::string_view key, const std::vector<std::string>& values);
  void add_floats(std::string_view key, std::span<const float> values);
  void add_i32s(std::string_view key, std::span<const int32_t> values);
  void add_all(const GgufKeys& others);

  uint64_t count() const { return count_; }
  const std::string& bytes() const { return bytes_; }

 private:
  void begin(std::string_view key, uint32_t type);
  void begin_array(std::string_view key, uint32_t type, uint64_t count);

  uint64_t count_ = 0;
  std::string bytes_;
};

struct GgufEntry {
  std::string name;
  std::vector<uint64_t> ne;  // innermost first
  uint32_t encoding = 0;     // GROK1_ENCODING_*, one that GGUF has
};

struct GgufPlace {
  uint32_t file = 0;
  uint64_t offset = 0, bytes = 0;
};

struct GgufLayout {
  struct File {
    std::string header;  // from the file's first byte to the first tensor's
    uint64_t bytes = 0;  // of the whole file
  };
  std::vector<File> files;
  std::vector<GgufPlace> places;  // of the entries, in their order

  uint64_t bytes() const;
};

// One file, or shards of at most `shard_bytes` where that is not 0 and one file would be larger. All keys are in the
// first. Throws GROK1_E_INVALID_ARGUMENT where a single tensor does not fit a shard.
GgufLayout lay_out_gguf(const GgufKeys& keys, const std::vector<GgufEntry>& entries, uint64_t shard_bytes);

// NAME.gguf of shard 0 of 1; NAME-00001-of-00009.gguf of shard 0 of 9.
std::string gguf_shard_path(const std::string& path, size_t shard, size_t shards);

}  // namespace grok1
