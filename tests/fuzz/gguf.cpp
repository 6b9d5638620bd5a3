// libFuzzer over a whole GGUF file: the header, the model that it lists and its vocabulary. The bytes go through a file
// in memory, cut in two pieces at a place that their last byte says, so that every read may meet the cut.
#include <cstdlib>
#include <string_view>

#include "core/base/failure.h"
#include "core/formats/gguf_config.h"
#include "core/formats/gguf_tensors.h"
#include "core/formats/gguf_vocabulary.h"
#include "core/tokenizer/tokenizer.h"
#include "tests/unit/formats/memory_file.h"

namespace {

// As gguf_checkpoint.cpp does, without its search for files.
void read_model(const grok1::JoinedFile& file) {
  std::vector<grok1::GgufHeader> headers;
  headers.push_back(grok1::read_gguf_header(file));
  const grok1::GgufTensor* embedding = grok1::find_gguf_tensor(headers, "token_embd.weight");
  const grok1::GgufConfig config =
      grok1::read_gguf_config(headers[0].values, embedding == nullptr ? 1 : embedding->ne[1]);
  grok1::check_gguf_vocabulary(headers[0].values, config.config.vocab_size);
  for (const grok1::Tensor& tensor : grok1::collect_gguf_tensors(headers, config.config)) {
    for (const grok1::TensorPart& part : tensor.values.parts) {
      if (part.offset > file.size() || tensor.values.row_bytes() > file.size() - part.offset) std::abort();
    }
  }
  if (grok1::has_gguf_vocabulary(headers[0].values)) {
    grok1::Tokenizer::make(grok1::read_gguf_vocabulary(headers[0].values))->encode("a b\n12");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const size_t cut = size * data[size - 1] / 256;
  const grok1::test::MemoryFile first(bytes.substr(0, cut)), second(bytes.substr(cut));
  try {
    read_model(grok1::JoinedFile({first.path(), second.path()}));
  } catch (const grok1::Failure& failure) {
    if (failure.status() != GROK1_E_BAD_FILE && failure.status() != GROK1_E_UNSUPPORTED) std::abort();
  }
  return 0;
}
