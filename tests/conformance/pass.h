// The data of passes: chunks of several sequences, their positions, and pages in shuffled order. Knows no device.
#ifndef GROK1_TESTS_CONFORMANCE_PASS_H
#define GROK1_TESTS_CONFORMANCE_PASS_H

#include <string>
#include <vector>

#include "grok1_backend.h"
#include "tests/conformance/random.h"

namespace grok1::conformance {

struct Pass {
  std::vector<int32_t> tokens;
  std::vector<uint32_t> positions, chunk_begin{0}, page_table, logit_rows;

  uint32_t n_rows() const { return uint32_t(tokens.size()); }

  // A chunk of `rows` rows from position `first` of a sequence with the given pages, padded with ids that no cache has:
  // "entries behind the last used are any".
  void add(uint32_t first, uint32_t rows, const std::vector<uint32_t>& pages, uint32_t max_pages);

  grok1_step_data data() const;  // points into this pass
};

// Rows without a history: one chunk at position 0 that attention is not asked about, all rows' logits wanted.
Pass plain_pass(uint32_t rows, uint32_t max_pages);

// One chunk of a pass: which sequence goes on by how many rows.
struct Piece {
  uint32_t sequence, rows;
};

// Sequences that grow pass by pass, each on pages of its own, drawn from a shuffled pool.
class Sequences {
 public:
  // Enough pages for `max_tokens` in each of `count` sequences.
  Sequences(Random& random, uint32_t count, uint32_t max_tokens, uint32_t page_tokens);

  uint32_t pages_per_sequence() const { return uint32_t(pages_[0].size()); }
  uint32_t total_pages() const { return uint32_t(pages_.size() * pages_[0].size()); }
  const std::vector<uint32_t>& pages(uint32_t sequence) const { return pages_[sequence]; }
  uint32_t length(uint32_t sequence) const { return lengths_[sequence]; }

  Pass next(const std::vector<Piece>& pieces);

 private:
  std::vector<std::vector<uint32_t>> pages_;
  std::vector<uint32_t> lengths_;
};

std::string text_of(const std::vector<Piece>& pieces);

}  // namespace grok1::conformance

#endif
