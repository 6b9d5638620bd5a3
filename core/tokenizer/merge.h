// Byte-pair encoding: a normalised text is cut into characters and user-defined pieces, and neighbours are merged as
// long as the vocabulary knows what they form, best score first.
#pragma once

#include "core/tokenizer/vocabulary.h"

namespace grok1 {

struct Segment {
  std::string_view text;
  int32_t id;  // unk_id if the vocabulary does not know the text
};

// The segments, joined, are the text. O(n log n) in the text's size.
std::vector<Segment> merge(const Vocabulary& vocabulary, std::string_view normalized);

}  // namespace grok1
