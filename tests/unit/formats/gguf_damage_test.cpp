// A small GGUF model cut at every byte and with every bit of its header flipped: refused with a byte inside the file,
// or it loads and is whole.
#include <gtest/gtest.h>

#include "tests/unit/formats/gguf_expect.h"
#include "tests/unit/formats/gguf_model.h"
#include "tests/unit/formats/memory_file.h"

namespace grok1::test {
namespace {

// True if the file was taken; then all that it tells must hold.
bool works(const std::string& path, uint64_t size) {
  try {
    const auto source = open_model(path);
    for (const Tensor& tensor : source->tensors()) {
      require_complete(tensor.values, tensor.name);
      for (const TensorPart& part : tensor.values.parts) EXPECT_LE(part.offset + tensor.bytes(), size);
    }
    if (source->vocabulary()) Tokenizer::make(*source->vocabulary());
    return true;
  } catch (const Failure& failure) {
    EXPECT_TRUE(failure.status() == GROK1_E_BAD_FILE || failure.status() == GROK1_E_UNSUPPORTED) << failure.message();
    EXPECT_LE(failure.offset(), size) << failure.message();
    EXPECT_EQ(failure.message().rfind(path + ": ", 0), 0u) << failure.message();
    return false;
  }
}

gguf::File small_with_vocabulary() {
  gguf::File file = small_gguf();
  std::string texts, scores, types;
  for (const char* text : {"<unk>", "<s>", "</s>", "a", "b", "ab", "\xE2\x96\x81", "\n"}) texts += gguf::text(text);
  for (uint32_t i = 0; i < 8; ++i) scores += gguf::number(std::bit_cast<uint32_t>(-static_cast<float>(i)), 4);
  for (const uint32_t type : {2, 3, 3, 1, 1, 1, 1, 4}) types += gguf::number(type, 4);
  file.entries.push_back(gguf::string("tokenizer.ggml.model", "llama"));
  file.entries.push_back(gguf::array("tokenizer.ggml.tokens", gguf::kString, 8, texts));
  file.entries.push_back(gguf::array("tokenizer.ggml.scores", gguf::kF32, 8, scores));
  file.entries.push_back(gguf::array("tokenizer.ggml.token_type", gguf::kI32, 8, types));
  return file;
}

// A file in memory under a name of its own.
struct Model {
  explicit Model(const std::string& bytes) : file(bytes), path((folder.path() / "model.gguf").string()) {
    std::filesystem::create_symlink(file.path(), path);
  }
  MemoryFile file;
  TemporaryFolder folder;
  std::string path;
};

TEST(GgufDamage, EveryTruncation) {
  const std::string bytes = small_with_vocabulary().bytes();
  ASSERT_LE(bytes.size(), 64u << 10);
  Model model(bytes);
  ASSERT_TRUE(works(model.path, bytes.size()));
  for (size_t size = bytes.size(); size-- > 0;) {
    model.file.resize(size);
    ASSERT_FALSE(works(model.path, size)) << size;
  }
}

TEST(GgufDamage, EveryFlippedBitOfTheHeader) {
  const gguf::File file = small_with_vocabulary();
  const std::string bytes = file.bytes();
  const size_t bits = file.header().size() * 8;
  Model model(bytes);
  size_t refused = 0;
  for (size_t i = 0; i < bits; ++i) {
    const char flipped = static_cast<char>(bytes[i / 8] ^ (1 << (i % 8)));
    model.file.put(i / 8, {&flipped, 1});
    refused += !works(model.path, bytes.size());
    model.file.put(i / 8, {&bytes[i / 8], 1});
  }
  ASSERT_TRUE(works(model.path, bytes.size()));
  // Most bits are letters of keys, lengths and sizes. Factors, scores and optional keys may change and it still loads.
  EXPECT_GT(refused, bits / 2);
}

}  // namespace
}  // namespace grok1::test
