// Pickles made by hand for tests, part by part, so that a test can put a wrong part in place of a right one. Written
// from the description in docs/formats/ckpt-0.md, without memo and frames, which are optional.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace grok1::test {

inline std::string little_endian(uint64_t value, int size) {
  std::string bytes;
  for (int i = 0; i < size; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xff);
  return bytes;
}

inline std::string text(std::string_view value) {  // SHORT_BINUNICODE
  return "\x8c" + little_endian(value.size(), 1) + std::string(value);
}

inline std::string integer(int64_t value) {  // BININT
  return "J" + little_endian(static_cast<uint64_t>(value), 4);
}

inline std::string global(std::string_view module, std::string_view name) {  // STACK_GLOBAL
  return text(module) + text(name) + "\x93";
}

inline std::string tuple(const std::vector<int64_t>& values) {  // MARK ... TUPLE
  std::string out = "(";
  for (const int64_t value : values) out += integer(value);
  return out + "t";
}

inline std::string payload_header(uint64_t size) {  // BINBYTES8
  return "\x8e" + little_endian(size, 8);
}

inline std::string frame(uint64_t size) {
  return "\x95" + little_endian(size, 8);
}

inline const std::string kProto("\x80\x04", 2);

struct ArrayParts {
  std::string reconstruct = global("numpy.core.multiarray", "_reconstruct");
  std::string arguments = global("numpy", "ndarray") + integer(0) + "\x85" + "C\x01" + "b" + "\x87";
  std::string version = integer(1);
  std::string shape = tuple({});
  std::string dtype;
  std::string fortran = "\x89";
  std::string payload;  // opcode, length and bytes
  std::string end = "tb";

  std::string header() const { return reconstruct + arguments + "R(" + version + shape + dtype + fortran; }
  std::string bytes() const { return header() + payload + end; }
};

inline std::string dtype_of(const std::string& type, const std::string& state) {
  return global("numpy", "dtype") + type + "\x89\x88\x87R" + "(" + state + "tb";
}
inline std::string dtype_state(std::string_view order, int64_t size, int64_t flags) {
  return integer(3) + text(order) + "NNN" + integer(size) + integer(size) + integer(flags);
}
inline std::string f32() {
  return dtype_of(text("f4"), dtype_state("<", -1, 0));
}
inline std::string i8() {
  return dtype_of(text("i1"), dtype_state("|", -1, 0));
}
inline std::string bf16(std::string_view module = "ml_dtypes") {
  return dtype_of(global(module, "bfloat16"), dtype_state("<", 2, 64));
}

// An array whose payload is zeros; item is the size of one element.
inline ArrayParts array(const std::string& dtype, const std::vector<int64_t>& shape, uint64_t item) {
  for (const int64_t size : shape) item *= static_cast<uint64_t>(size);
  ArrayParts parts;
  parts.shape = tuple(shape);
  parts.dtype = dtype;
  parts.payload = payload_header(item) + std::string(item, '\0');
  return parts;
}

inline std::string plain_pickle(const ArrayParts& parts) {
  return kProto + parts.bytes() + ".";
}

inline const std::string kNewQuantized = global("__main__", "QuantizedWeight8bit") + ")\x81";

inline std::string quantized_pickle(const ArrayParts& weight, const ArrayParts& scales) {
  return kProto + kNewQuantized + "}(" + text("weight") + weight.bytes() + text("scales") + scales.bytes() + "ub.";
}

}  // namespace grok1::test
