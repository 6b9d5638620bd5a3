// An importance matrix in a file: sums of squares of inputs as GGUF, in the form of llama.cpp's imatrix tool, which its
// quantiser and ours read. The form: docs/imatrix.md.
#pragma once

#include <cstdint>
#include <string>

#include "core/runtime/input_sums.h"

namespace grok1 {

// What the file says of the text.
struct ImatrixText {
  std::string dataset;        // "": not named
  uint32_t chunk_tokens = 1;  // of the pieces that the text was run in
};

// What the output head multiplies is called as in the file of the model.
enum class HeadMatrix { output, embedding };

// Replaces a file that is there, at once and whole. Matrices that saw no row are left out. Throws
// GROK1_E_INVALID_ARGUMENT if none saw one, and what NewFile throws.
void write_imatrix(const InputSums& sums, HeadMatrix head, const ImatrixText& text, const std::string& path);

}  // namespace grok1
