// write_hf_model CASE FOLDER NAMING LAYOUT TYPE: a golden case as a Hugging Face folder.
#include <algorithm>
#include <cstdio>
#include <exception>
#include <iterator>

#include "tests/checkpoints/safetensors_writer.h"

namespace {

// The index of a word in a list, which is the value of an enum.
template <class Enum, size_t kCount>
Enum choice(const char* const (&words)[kCount], const std::string& word) {
  const auto found = std::find(std::begin(words), std::end(words), word);
  if (found == std::end(words)) throw std::invalid_argument(word);
  return static_cast<Enum>(found - std::begin(words));
}

constexpr const char* kNamings[] = {"keyfan", "hpcai", "sglang"};
constexpr const char* kLayouts[] = {"single", "indexed", "numbered", "sharded"};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fprintf(stderr,
                 "write_hf_model CASE FOLDER keyfan|hpcai|sglang single|indexed|numbered|sharded F32|BF16|F16\n");
    return 2;
  }
  try {
    checkpoints::write_hf_model(argv[1], argv[2],
                                {choice<checkpoints::Naming>(kNamings, argv[3]),
                                 choice<checkpoints::Layout>(kLayouts, argv[4]), argv[5], false});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
