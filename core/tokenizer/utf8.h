// Where a UTF-8 character ends, by the rules of RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <cstddef>
#include <string_view>

namespace grok1 {

inline constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// Bytes of the character at the start of the text; 0 if the text does not begin with a whole one.
size_t utf8_length(std::string_view text);

// True if the text is not a character but more bytes could make it one.
bool utf8_incomplete(std::string_view text);

bool is_utf8(std::string_view text);

}  // namespace grok1
