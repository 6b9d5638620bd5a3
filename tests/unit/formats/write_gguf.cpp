// write_gguf FOLDER: the GGUF files that these tests make, for package gguf to read: gguf_with_python.py.
#include <filesystem>
#include <fstream>

#include "tests/unit/formats/gguf_model.h"

int main(int count, char** arguments) {
  using namespace grok1::test;
  if (count != 2) return 2;
  const std::filesystem::path folder = arguments[1];
  const auto write = [&](const char* name, const gguf::File& file) {
    std::ofstream(folder / name, std::ios::binary) << file.bytes();
  };
  const auto source = grok1::open_model(GROK1_TEST_DATA "/tiny");
  write("small.gguf", small_gguf());
  gguf::File merged = gguf_of(*source, Experts::kMerged);
  add_vocabulary(merged, *grok1::Tokenizer::load(GROK1_TEST_DATA "/demo-model/tokenizer.model"), false);
  write("merged.gguf", merged);
  write("single.gguf", gguf_of(*source, Experts::kSingle));
  const std::vector<gguf::File> shards = split(small_gguf(), 2);
  write("m-00001-of-00002.gguf", shards[0]);
  write("m-00002-of-00002.gguf", shards[1]);
  return 0;
}
