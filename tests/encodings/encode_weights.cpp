// encode_weights ENCODING < floats > blocks: standard input's float32 to blocks, as encodings/encode makes them without
// importance. For compare_errors_with_gguf.py.
#include <cstdio>
#include <cstring>
#include <vector>

#include "encodings/encode/encode.h"
#include "tests/encodings/standard_io.h"

using namespace grok1::encodings;

int main(int argc, char** argv) {
  if (argc != 2) return std::fprintf(stderr, "usage: encode_weights ENCODING < floats > blocks\n"), 2;
  const std::vector<uint8_t> input = read_input();
  std::vector<float> weights(input.size() / sizeof(float));
  std::memcpy(weights.data(), input.data(), weights.size() * sizeof(float));
  std::vector<uint8_t> blocks;
  for (uint32_t id = 0; id < 64; ++id) {
    with_encoding(Id(id), [&](auto encoding) {
      if (std::strcmp(encoding.kName, argv[1]) != 0 || weights.size() % encoding.kBlock != 0) return;
      blocks.resize(weights.size() / encoding.kBlock * encoding.kBytes);
      if (!encode(Id(id), weights.data(), nullptr, weights.size() / encoding.kBlock, blocks.data())) blocks.clear();
    });
  }
  if (blocks.empty()) return std::fprintf(stderr, "no whole blocks of an encoding %s that is written\n", argv[1]), 1;
  return write_output(blocks) ? 0 : 1;
}
