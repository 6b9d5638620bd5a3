// What is wrong with a model's files, all of it: headers, tokenizer, payloads. Opens the model through the same readers
// as a load does, which tell their faults instead of throwing them (core/formats/faults.h).
#pragma once

#include "core/runtime/payload_scan.h"

namespace grok1 {

struct Verified {
  std::string format;  // "" if nothing could be opened
  uint32_t n_files = 0, n_tensors = 0;
  uint64_t bytes_read = 0, read_ns = 0;
};

// `faults` and `progress` may throw to end it; what was done until then is in `verified`. Throws GROK1_E_NOT_FOUND,
// _IO and _UNSUPPORTED where there is no model at the path.
void verify_model(const std::string& path, bool payloads, uint32_t threads, const Faults& faults,
                  const ScanProgress& progress, Verified& verified);

}  // namespace grok1
