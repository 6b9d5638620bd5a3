// Standard input and output as bytes, for the small programs that the Python tests of this folder run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <vector>

inline std::vector<uint8_t> read_input() {
  std::vector<uint8_t> bytes, part(1 << 16);
  for (size_t n; (n = std::fread(part.data(), 1, part.size(), stdin)) != 0;)
    bytes.insert(bytes.end(), part.begin(), part.begin() + std::ptrdiff_t(n));
  return bytes;
}

template <class T>
bool write_output(const std::vector<T>& values) {
  return std::fwrite(values.data(), sizeof(T), values.size(), stdout) == values.size() && std::fflush(stdout) == 0;
}
