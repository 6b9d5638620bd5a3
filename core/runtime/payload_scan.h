// Reads the payloads of all tensors past the page cache and looks for numbers that are not finite, on several threads.
// What it finds it tells on the caller's thread, tensor by tensor in their order. Headers are the readers' business.
#pragma once

#include <functional>

#include "core/formats/faults.h"
#include "core/formats/tensor_source.h"

namespace grok1 {

// Gets bytes done and in all; may throw to end the scan.
using ScanProgress = std::function<void(uint64_t done, uint64_t total)>;

// Faults are told to `faults`, which may throw too. `threads` look at the bytes, each with requests of its own in
// flight. Returns the bytes that were read.
uint64_t scan_payloads(const TensorSource& source, uint32_t threads, const Faults& faults,
                       const ScanProgress& progress);

}  // namespace grok1
