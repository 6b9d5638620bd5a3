#include "core/tokenizer/normalize.h"

#include "core/tokenizer/utf8.h"

namespace grok1 {
namespace {

// The next unit of a text: a user-defined piece, a character, or one byte that is none.
struct Unit {
  std::string_view text;
  size_t consumed;
};

Unit next_unit(const Vocabulary& vocabulary, std::string_view text) {
  if (const size_t size = vocabulary.user_defined.match(text); size != 0) return {text.substr(0, size), size};
  if (const size_t size = utf8_length(text); size != 0) return {text.substr(0, size), size};
  return {kReplacement, 1};
}

std::string_view skip_spaces(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  return text;
}

}  // namespace

std::string normalize(const Vocabulary& vocabulary, std::string_view text) {
  const std::string_view space = vocabulary.escape_whitespaces ? kSpaceSymbol : " ";
  const bool squeeze = vocabulary.remove_extra_whitespaces;
  while (squeeze && !text.empty()) {
    const Unit unit = next_unit(vocabulary, text);
    if (unit.text != " ") break;
    text.remove_prefix(unit.consumed);
  }
  std::string normalized;
  if (text.empty()) return normalized;
  normalized.reserve(text.size() + text.size() / 2);
  if (vocabulary.add_dummy_prefix) normalized += space;
  bool after_space = squeeze;
  while (!text.empty()) {
    const Unit unit = next_unit(vocabulary, text);
    const std::string_view kept = after_space ? skip_spaces(unit.text) : unit.text;
    for (const char c : kept) {
      if (c == ' ') {
        normalized += space;
      } else {
        normalized += c;
      }
    }
    if (!kept.empty()) after_space = squeeze && kept.ends_with(' ');
    text.remove_prefix(unit.consumed);
  }
  while (squeeze && std::string_view(normalized).ends_with(space)) normalized.resize(normalized.size() - space.size());
  return normalized;
}

}  // namespace grok1
