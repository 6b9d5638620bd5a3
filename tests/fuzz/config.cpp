// config.json as any bytes, as ckpt-0 has it and as the Hugging Face ports: refused with a Failure, or numbers that a
// model can have.
#include <cstdlib>

#include "core/base/failure.h"
#include "core/formats/config_json.h"
#include "tests/fuzz/file.h"

namespace {

void check(grok1::Config (*read)(const std::string& path), const std::string& path) {
  try {
    const grok1::Config config = read(path);
    if (config.layers == 0 || config.kv_heads == 0 || config.heads % config.kv_heads != 0) std::abort();
    if (config.experts_used == 0 || config.experts_used > config.experts || config.vocab_size == 0) std::abort();
  } catch (const grok1::Failure& failure) {
    const grok1_status status = failure.status();
    if (status != GROK1_E_BAD_FILE && status != GROK1_E_UNSUPPORTED) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string& path = path_of_file(data, size);
  check(grok1::read_config_json, path);
  check([](const std::string& file) { return grok1::read_hf_config_json(file).config; }, path);
  return 0;
}
