// Building passes; what they are for is in pass.h.
#include "tests/conformance/pass.h"

namespace grok1::conformance {

void Pass::add(uint32_t first, uint32_t rows, const std::vector<uint32_t>& pages, uint32_t max_pages) {
  for (uint32_t i = 0; i < rows; ++i) {
    logit_rows.push_back(n_rows());
    tokens.push_back(0);
    positions.push_back(first + i);
  }
  chunk_begin.push_back(n_rows());
  page_table.insert(page_table.end(), pages.begin(), pages.end());
  page_table.resize((chunk_begin.size() - 1) * max_pages, 0xffffffffu);
}

grok1_step_data Pass::data() const {
  grok1_step_data data = GROK1_INIT(grok1_step_data);
  data.tokens = tokens.data();
  data.positions = positions.data();
  data.chunk_begin = chunk_begin.data();
  data.page_table = page_table.data();
  data.logit_rows = logit_rows.data();
  data.n_rows = n_rows();
  data.n_chunks = uint32_t(chunk_begin.size() - 1);
  data.n_logit_rows = uint32_t(logit_rows.size());
  return data;
}

Pass plain_pass(uint32_t rows, uint32_t max_pages) {
  Pass pass;
  std::vector<uint32_t> pages(max_pages);
  for (uint32_t i = 0; i < max_pages; ++i) pages[i] = i;
  pass.add(0, rows, pages, max_pages);
  return pass;
}

Sequences::Sequences(Random& random, uint32_t count, uint32_t max_tokens, uint32_t page_tokens) {
  const uint32_t per_sequence = (max_tokens + page_tokens - 1) / page_tokens;
  const std::vector<uint32_t> pool = random.permutation(count * per_sequence);
  for (uint32_t s = 0; s < count; ++s)
    pages_.emplace_back(pool.begin() + s * per_sequence, pool.begin() + (s + 1) * per_sequence);
  lengths_.resize(count);
}

Pass Sequences::next(const std::vector<Piece>& pieces) {
  Pass pass;
  for (const Piece& piece : pieces) {
    pass.add(lengths_[piece.sequence], piece.rows, pages_[piece.sequence], pages_per_sequence());
    lengths_[piece.sequence] += piece.rows;
  }
  return pass;
}

std::string text_of(const std::vector<Piece>& pieces) {
  std::string text;
  for (const Piece& piece : pieces)
    text += (text.empty() ? "" : " + ") + std::to_string(piece.rows) + " of sequence " + std::to_string(piece.sequence);
  return text;
}

}  // namespace grok1::conformance
