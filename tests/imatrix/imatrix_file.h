// An importance matrix read back: a reader of GGUF of its own, which knows only what such a file has in it. Throws
// std::runtime_error at whatever it does not expect.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/golden/engine.h"

namespace imatrix_test {

struct Sums {
  uint64_t k = 0, experts = 0;
  std::vector<float> squares;  // [experts, k]
  std::vector<float> counts;   // [experts]
};

struct ImatrixFile {
  std::string type;
  std::vector<std::string> datasets;
  uint32_t chunk_count = 0, chunk_size = 0;
  std::map<std::string, Sums> matrices;  // by the name of the matrix

  const Sums& at(const std::string& name) const;
};

ImatrixFile parse(const std::string& bytes);

golden::Imatrix attach(const golden::Engine& engine);
// The file's bytes; it is removed.
std::string write(grok1_imatrix* imatrix, const grok1_imatrix_options* options = nullptr);
inline ImatrixFile collected(const golden::Imatrix& imatrix) {
  return parse(write(imatrix.get()));
}

// rms of the difference / rms of `expected`.
double relative_difference(const std::vector<float>& expected, const std::vector<float>& found);

}  // namespace imatrix_test
