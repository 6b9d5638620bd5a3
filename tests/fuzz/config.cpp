// config.json as any bytes: refused with a Failure, or numbers that a model can have.
#include <cstdlib>

#include "core/base/failure.h"
#include "core/formats/config_json.h"
#include "tests/fuzz/file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const grok1::Config config = grok1::read_config_json(path_of_file(data, size));
    if (config.layers == 0 || config.kv_heads == 0 || config.heads % config.kv_heads != 0) std::abort();
    if (config.experts_used == 0 || config.experts_used > config.experts || config.vocab_size == 0) std::abort();
  } catch (const grok1::Failure& failure) {
    const grok1_status status = failure.status();
    if (status != GROK1_E_BAD_FILE && status != GROK1_E_UNSUPPORTED) std::abort();
  }
  return 0;
}
