// What becomes of a text before it is cut into pieces: spaces become U+2581, one is put in front, bytes that are not
// UTF-8 become U+FFFD, user-defined pieces pass unchanged.
#pragma once

#include "core/tokenizer/vocabulary.h"

namespace grok1 {

std::string normalize(const Vocabulary& vocabulary, std::string_view text);

}  // namespace grok1
