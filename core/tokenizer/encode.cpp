#include "core/base/failure.h"
#include "core/tokenizer/merge.h"
#include "core/tokenizer/normalize.h"

namespace grok1 {
namespace {

// Normalising may triple a text, and symbols are counted in 31 bits.
constexpr size_t kMostText = 512u << 20;

}  // namespace

std::vector<int32_t> Tokenizer::encode(std::string_view text) const {
  if (text.size() > kMostText) {
    fail(GROK1_E_INVALID_ARGUMENT, "a text of at most {} bytes wanted, found {}; encode it in parts", kMostText,
         text.size());
  }
  const Vocabulary& vocabulary = *vocabulary_;
  const std::string normalized = normalize(vocabulary, text);
  std::vector<int32_t> ids;
  bool after_unknown = false;
  for (const Segment& segment : merge(vocabulary, normalized)) {
    const bool unknown = segment.id == vocabulary.unk_id;
    if (unknown && vocabulary.byte_fallback) {
      for (const char byte : segment.text) ids.push_back(vocabulary.byte_ids[static_cast<unsigned char>(byte)]);
    } else if (!unknown || !after_unknown) {  // a run of unknown characters is one unknown piece
      ids.push_back(segment.id);
    }
    after_unknown = unknown;
  }
  return ids;
}

}  // namespace grok1
