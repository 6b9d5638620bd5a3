// A batch on its way through the model: chunks of tokens with the pages they will use, cut into passes that fit a step.
// Changes neither sequences nor page pool except through Transaction, which undoes everything that was not committed.
#pragma once

#include <cstdint>
#include <vector>

#include "core/runtime/limits.h"
#include "core/runtime/pages.h"
#include "core/runtime/sequence.h"
#include "grok1_backend.h"

namespace grok1 {

struct Chunk {
  Sequence* sequence = nullptr;
  const int32_t* tokens = nullptr;  // [n]
  uint32_t n = 0;
  uint32_t want_logits = 0;  // GROK1_LOGITS_*
  uint32_t n_before = 0;     // tokens in the sequence when the batch began
  uint32_t n_done = 0;       // tokens computed so far
  uint32_t n_rows_done = 0;  // logit rows among them
  uint32_t first_logit_row = 0;
  std::vector<uint32_t> pages;  // those of the sequence, private where they will be written, and new ones

  uint32_t n_logit_rows() const {
    return want_logits == GROK1_LOGITS_ALL ? n : want_logits == GROK1_LOGITS_LAST ? 1 : 0;
  }
};

// Gives every chunk its pages, and takes them away again unless commit() is called.
class Transaction {
 public:
  struct Copy {
    uint32_t from, to, n_tokens;
  };

  // Throws GROK1_E_CONTEXT_FULL when the pool has not enough pages, and then has changed nothing.
  Transaction(PagePool& pool, const Limits& limits, std::vector<Chunk>& chunks);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  // Shared pages that will be written: their contents must be copied first.
  const std::vector<Copy>& copies() const { return copies_; }

  // Makes what was computed, chunk by chunk n_done tokens, part of the sequences.
  void commit();

 private:
  void claim(Chunk& chunk);
  uint32_t take();

  PagePool& pool_;
  const Limits& limits_;
  std::vector<Chunk>& chunks_;
  std::vector<Copy> copies_;  // `from` is given back on commit
  std::vector<uint32_t> taken_;
  bool committed_ = false;
};

// The rows of one pass in the arrays that grok1_step_data points to; made once for a session's limits.
class PassRows {
 public:
  explicit PassRows(const Limits& limits);

  // Takes the next rows of the chunks, in order, as many as fit. False when there is none left.
  bool fill(std::vector<Chunk>& chunks);
  grok1_step_data data() const;
  uint32_t n_logit_rows() const { return static_cast<uint32_t>(logit_rows_.size()); }

  // Counts the filled rows as computed.
  void finish(std::vector<Chunk>& chunks) const;

 private:
  struct Part {
    size_t chunk;
    uint32_t n;
    uint32_t n_logit_rows;
  };
  uint32_t max_rows_, max_pages_;
  std::vector<int32_t> tokens_;
  std::vector<uint32_t> positions_, chunk_begin_, page_table_, logit_rows_;
  std::vector<Part> parts_;
};

}  // namespace grok1
