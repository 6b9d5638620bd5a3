// GGUF files made by hand for tests, part by part, so that a test can put a wrong part in place of a right one. Written
// from the description in docs/formats/gguf.md; knows nothing of the library's reader or writer.
#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace grok1::test::gguf {

inline std::string number(uint64_t value, int size) {
  std::string bytes;
  for (int i = 0; i < size; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xff);
  return bytes;
}

inline std::string text(std::string_view value) {
  return number(value.size(), 8) + std::string(value);
}

enum Type : uint32_t { kU8, kI8, kU16, kI16, kU32, kI32, kF32, kBool, kString, kArray, kU64, kI64, kF64 };

// A key with its value.
inline std::string entry(std::string_view key, uint32_t type, const std::string& value) {
  return text(key) + number(type, 4) + value;
}
inline std::string u16(std::string_view key, uint32_t value) {
  return entry(key, kU16, number(value, 2));
}
inline std::string u32(std::string_view key, uint32_t value) {
  return entry(key, kU32, number(value, 4));
}
inline std::string i32(std::string_view key, int32_t value) {
  return entry(key, kI32, number(static_cast<uint32_t>(value), 4));
}
inline std::string f32(std::string_view key, float value) {
  return entry(key, kF32, number(std::bit_cast<uint32_t>(value), 4));
}
inline std::string f64(std::string_view key, double value) {
  return entry(key, kF64, number(std::bit_cast<uint64_t>(value), 8));
}
inline std::string flag(std::string_view key, bool value) {
  return entry(key, kBool, number(value, 1));
}
inline std::string string(std::string_view key, std::string_view value) {
  return entry(key, kString, text(value));
}
inline std::string array(std::string_view key, uint32_t type, uint64_t count, const std::string& elements) {
  return entry(key, kArray, number(type, 4) + number(count, 8) + elements);
}

struct Tensor {
  std::string name;
  std::vector<uint64_t> ne;  // innermost first
  uint32_t type = 0;         // F32
  std::string data;
  std::optional<uint64_t> offset = {};  // what the header says; the right one without
};

struct File {
  std::string magic = "GGUF";
  uint32_t version = 3;
  std::vector<std::string> entries;
  std::vector<Tensor> tensors;
  uint64_t alignment = 32;
  std::optional<uint64_t> n_tensors = {}, n_entries = {};  // what the header says; the right ones without

  static void pad(std::string& bytes, uint64_t alignment) {
    bytes.resize((bytes.size() + alignment - 1) / alignment * alignment);
  }

  // Up to where tensors begin, without padding.
  std::string header() const {
    std::string bytes = magic + number(version, 4) + number(n_tensors.value_or(tensors.size()), 8) +
                        number(n_entries.value_or(entries.size()), 8);
    for (const std::string& entry : entries) bytes += entry;
    uint64_t offset = 0;
    for (const Tensor& tensor : tensors) {
      bytes += text(tensor.name) + number(tensor.ne.size(), 4);
      for (const uint64_t size : tensor.ne) bytes += number(size, 8);
      bytes += number(tensor.type, 4) + number(tensor.offset.value_or(offset), 8);
      offset = (offset + tensor.data.size() + alignment - 1) / alignment * alignment;
    }
    return bytes;
  }

  std::string bytes() const {
    std::string bytes = header();
    for (const Tensor& tensor : tensors) {
      pad(bytes, alignment);
      bytes += tensor.data;
    }
    return bytes;
  }
};

}  // namespace grok1::test::gguf
