// Safetensors files made by hand for tests. Written from the description in docs/formats/safetensors.md.
#pragma once

#include <cstdint>
#include <string>

namespace grok1::test {

inline std::string length_of_header(uint64_t length) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(length >> (8 * i) & 0xff);
  return bytes;
}

// A header with its length in front and `payload` bytes behind it, none of them 0.
inline std::string safetensors_file(const std::string& header, uint64_t payload) {
  std::string bytes = length_of_header(header.size()) + header;
  for (uint64_t i = 0; i < payload; ++i) bytes += static_cast<char>(i % 251 + 1);
  return bytes;
}

inline std::string safetensors_entry(const std::string& name, const std::string& dtype, const std::string& shape,
                                     uint64_t begin, uint64_t end) {
  return "\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":[" + shape + "],\"data_offsets\":[" +
         std::to_string(begin) + "," + std::to_string(end) + "]}";
}

}  // namespace grok1::test
