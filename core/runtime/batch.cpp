#include "core/runtime/batch.h"

#include <algorithm>

#include "core/base/failure.h"

namespace grok1 {

Transaction::Transaction(PagePool& pool, const Limits& limits, std::vector<Chunk>& chunks)
    : pool_(pool), limits_(limits), chunks_(chunks) {
  try {
    for (Chunk& chunk : chunks_) claim(chunk);
  } catch (...) {
    for (const uint32_t page : taken_) pool_.give_back(page);
    throw;
  }
}

Transaction::~Transaction() {
  if (committed_) return;
  for (const uint32_t page : taken_) pool_.give_back(page);
}

uint32_t Transaction::take() {
  if (pool_.n_free() == 0) {
    fail(GROK1_E_CONTEXT_FULL,
         "the batch wants more KV pages than are free: the session's pool holds {} tokens ({} sequences of {}), all in "
         "use; release or truncate sequences, or make a session with more max_sequences",
         uint64_t{pool_.size()} * limits_.page_tokens, limits_.max_sequences, limits_.context_tokens);
  }
  taken_.push_back(0);  // may throw: before the page is ours
  return taken_.back() = pool_.take();
}

void Transaction::claim(Chunk& chunk) {
  const uint32_t page_tokens = limits_.page_tokens;
  chunk.pages = chunk.sequence->pages;
  const uint32_t filled = chunk.n_before % page_tokens;
  if (filled != 0 && pool_.n_owners(chunk.pages.back()) > 1) {
    const uint32_t shared = chunk.pages.back();
    const uint32_t own = take();
    copies_.push_back({shared, own, filled});
    chunk.pages.back() = own;
  }
  const uint32_t wanted = (chunk.n_before + chunk.n + page_tokens - 1) / page_tokens;
  while (chunk.pages.size() < wanted) chunk.pages.push_back(take());
}

void Transaction::commit() {
  for (Chunk& chunk : chunks_) {
    Sequence& sequence = *chunk.sequence;
    sequence.tokens.insert(sequence.tokens.end(), chunk.tokens, chunk.tokens + chunk.n_done);
    const uint32_t used = (chunk.n_before + chunk.n_done + limits_.page_tokens - 1) / limits_.page_tokens;
    while (chunk.pages.size() > used) {
      pool_.give_back(chunk.pages.back());
      chunk.pages.pop_back();
    }
    std::swap(sequence.pages, chunk.pages);
  }
  for (const Copy& copy : copies_) pool_.give_back(copy.from);
  committed_ = true;
}

PassRows::PassRows(const Limits& limits)
    : max_rows_(limits.max_batch_tokens),
      max_pages_(limits.pages_per_sequence()),
      page_table_(size_t{limits.max_sequences} * limits.pages_per_sequence(), 0) {
  tokens_.reserve(max_rows_);
  positions_.reserve(max_rows_);
  chunk_begin_.reserve(limits.max_sequences + 1);
  logit_rows_.reserve(limits.max_logit_rows);
  parts_.reserve(limits.max_sequences);
}

bool PassRows::fill(std::vector<Chunk>& chunks) {
  tokens_.clear();
  positions_.clear();
  chunk_begin_.clear();
  logit_rows_.clear();
  parts_.clear();
  for (size_t i = 0; i < chunks.size() && tokens_.size() < max_rows_; ++i) {
    const Chunk& chunk = chunks[i];
    const auto n = std::min(chunk.n - chunk.n_done, max_rows_ - static_cast<uint32_t>(tokens_.size()));
    if (n == 0) continue;
    std::copy(chunk.pages.begin(), chunk.pages.end(),
              page_table_.begin() + static_cast<ptrdiff_t>(parts_.size() * max_pages_));
    chunk_begin_.push_back(static_cast<uint32_t>(tokens_.size()));
    Part part{i, n, 0};
    for (uint32_t j = 0; j < n; ++j) {
      const uint32_t in_chunk = chunk.n_done + j;
      const bool wanted =
          chunk.want_logits == GROK1_LOGITS_ALL || (chunk.want_logits == GROK1_LOGITS_LAST && in_chunk + 1 == chunk.n);
      if (wanted) {
        logit_rows_.push_back(static_cast<uint32_t>(tokens_.size()));
        ++part.n_logit_rows;
      }
      tokens_.push_back(chunk.tokens[in_chunk]);
      positions_.push_back(chunk.n_before + in_chunk);
    }
    parts_.push_back(part);
  }
  chunk_begin_.push_back(static_cast<uint32_t>(tokens_.size()));
  return !tokens_.empty();
}

grok1_step_data PassRows::data() const {
  grok1_step_data data = GROK1_INIT(grok1_step_data);
  data.tokens = tokens_.data();
  data.positions = positions_.data();
  data.chunk_begin = chunk_begin_.data();
  data.page_table = page_table_.data();
  data.logit_rows = logit_rows_.data();
  data.n_rows = static_cast<uint32_t>(tokens_.size());
  data.n_chunks = static_cast<uint32_t>(parts_.size());
  data.n_logit_rows = static_cast<uint32_t>(logit_rows_.size());
  return data;
}

void PassRows::finish(std::vector<Chunk>& chunks) const {
  for (const Part& part : parts_) {
    chunks[part.chunk].n_done += part.n;
    chunks[part.chunk].n_rows_done += part.n_logit_rows;
  }
}

}  // namespace grok1
