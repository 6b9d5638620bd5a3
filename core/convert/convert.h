// A model of any source written as GGUF: plan, read, encode and write at the same time in bounded memory, go on where
// an earlier run was stopped. The bytes depend on source and options alone, not on threads, memory or interruptions.
#pragma once

#include <functional>
#include <string>

#include "core/base/direct_file.h"
#include "core/base/vocabulary_pieces.h"
#include "core/convert/file_calls.h"
#include "core/formats/tensor_source.h"
#include "grok1.h"

namespace grok1 {

struct ConvertRequest {
  const TensorSource* source = nullptr;
  const VocabularyPieces* vocabulary = nullptr;  // NULL: none
  std::string path;                              // of the target
  grok1_convert_options options = GROK1_INIT(grok1_convert_options);
  std::function<bool()> cancelled;                             // polled on the calling thread
  std::function<void(int32_t level, const std::string&)> log;  // likewise called on it

  // For tests; these are what the library uses.
  const FileCalls* calls = &file_calls();
  PreadFn pread = ::pread;
  uint64_t sync_bytes = uint64_t{256} << 20;  // at most so much is done again after a crash
};

// Throws GROK1_E_INVALID_ARGUMENT, GROK1_E_UNSUPPORTED, GROK1_E_EXISTS, GROK1_E_BUSY, GROK1_E_DISK_FULL,
// GROK1_E_DOES_NOT_FIT, GROK1_E_CANCELLED, GROK1_E_NOT_FOUND, GROK1_E_IO, GROK1_E_BAD_FILE.
grok1_convert_report convert_model(const ConvertRequest& request);

}  // namespace grok1
