// The tokenizer's model reader on any bytes, and the tokenizer that it makes on some of them: every id is one of the
// vocabulary and can be decoded.
#include <cstdlib>

#include "core/base/failure.h"
#include "core/tokenizer/tokenizer.h"
#include "tests/fuzz/file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const auto tokenizer = grok1::Tokenizer::load(path_of_file(data, size));
    const std::vector<int32_t> ids = tokenizer->encode(text.substr(0, 64));
    for (const int32_t id : ids)
      if (id < 0 || static_cast<uint32_t>(id) >= tokenizer->size()) std::abort();
    tokenizer->decode(ids);
  } catch (const grok1::Failure& failure) {
    const grok1_status status = failure.status();
    if (status != GROK1_E_BAD_FILE && status != GROK1_E_UNSUPPORTED) std::abort();
    if (failure.offset() > size) std::abort();
  }
  return 0;
}
