// The header reader on any bytes: it refuses with a Failure of a bad file at a byte of it, or what it returns lies in
// the file, piece behind piece.
#include <cstdlib>

#include "core/base/failure.h"
#include "core/formats/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const auto entries = grok1::read_safetensors("fuzz", std::as_bytes(std::span(data, size)));
    uint64_t end = entries.empty() ? size : entries.front().offset;
    for (const grok1::SafetensorsEntry& entry : entries) {
      if (entry.offset != end || entry.bytes > size - end) std::abort();
      end += entry.bytes;
    }
    if (end != size) std::abort();
  } catch (const grok1::Failure& failure) {
    if (failure.status() != GROK1_E_BAD_FILE || failure.offset() > size) std::abort();
  }
  return 0;
}
