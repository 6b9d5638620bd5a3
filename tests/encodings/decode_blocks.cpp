// decode_blocks ENCODING < blocks > floats: standard input's blocks of an encoding ("q4_k") to float32, as encodings/
// decodes them. For compare_with_gguf.py.
#include <cstdio>
#include <cstring>
#include <vector>

#include "encodings/encoding.h"
#include "tests/encodings/standard_io.h"

using namespace grok1::encodings;

int main(int argc, char** argv) {
  if (argc != 2) return std::fprintf(stderr, "usage: decode_blocks ENCODING < blocks > floats\n"), 2;
  const std::vector<uint8_t> blocks = read_input();
  std::vector<float> values;
  for (uint32_t id = 0; id < 64; ++id) {
    with_encoding(Id(id), [&](auto encoding) {
      if (std::strcmp(encoding.kName, argv[1]) != 0 || blocks.size() % encoding.kBytes != 0) return;
      values.resize(blocks.size() / encoding.kBytes * encoding.kBlock);
      decode(Id(id), blocks.data(), blocks.size() / encoding.kBytes, values.data());
    });
  }
  if (values.empty()) return std::fprintf(stderr, "no whole blocks of an encoding %s\n", argv[1]), 1;
  return write_output(values) ? 0 : 1;
}
