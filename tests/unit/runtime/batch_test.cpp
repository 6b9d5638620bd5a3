// Pages and passes without a device: what a transaction takes, copies, gives back, and how chunks are cut.
#include "core/runtime/batch.h"

#include <gtest/gtest.h>

#include <numeric>

#include "core/base/failure.h"

namespace grok1 {
namespace {

Limits limits(uint32_t context, uint32_t sequences, uint32_t rows) {
  Limits l;
  l.context_tokens = context;
  l.max_sequences = sequences;
  l.max_batch_tokens = rows;
  l.max_logit_rows = 64;
  l.cache_type = GROK1_CACHE_F32;
  l.page_tokens = 16;
  return l;
}

std::vector<int32_t> ids(int32_t first, uint32_t n) {
  std::vector<int32_t> tokens(n);
  std::iota(tokens.begin(), tokens.end(), first);
  return tokens;
}

Chunk chunk_of(Sequence& sequence, const std::vector<int32_t>& tokens, uint32_t want = GROK1_LOGITS_LAST) {
  Chunk chunk;
  chunk.sequence = &sequence;
  chunk.tokens = tokens.data();
  chunk.n = static_cast<uint32_t>(tokens.size());
  chunk.want_logits = want;
  chunk.n_before = static_cast<uint32_t>(sequence.tokens.size());
  return chunk;
}

void append(PagePool& pool, const Limits& l, Sequence& sequence, const std::vector<int32_t>& tokens) {
  std::vector<Chunk> chunks{chunk_of(sequence, tokens)};
  Transaction transaction(pool, l, chunks);
  chunks[0].n_done = chunks[0].n;
  transaction.commit();
}

Sequence fork(PagePool& pool, const Sequence& from) {
  Sequence to;
  to.tokens = from.tokens;
  to.pages = from.pages;
  for (const uint32_t page : to.pages) pool.share(page);
  return to;
}

TEST(Transaction, TakesPagesAndKeepsThemOnCommit) {
  const Limits l = limits(64, 1, 512);
  PagePool pool(static_cast<uint32_t>(l.n_pages()));
  Sequence sequence;
  append(pool, l, sequence, ids(0, 20));
  EXPECT_EQ(sequence.tokens, ids(0, 20));
  EXPECT_EQ(sequence.pages.size(), 2u);
  EXPECT_EQ(pool.n_free(), l.n_pages() - 2);
}

TEST(Transaction, GivesEverythingBackWithoutCommit) {
  const Limits l = limits(64, 2, 512);
  PagePool pool(static_cast<uint32_t>(l.n_pages()));
  Sequence a;
  append(pool, l, a, ids(0, 20));
  Sequence b = fork(pool, a);
  const uint32_t free_before = pool.n_free();
  const auto pages_before = b.pages;
  {
    const auto tokens = ids(20, 30);
    std::vector<Chunk> chunks{chunk_of(b, tokens)};
    Transaction transaction(pool, l, chunks);
    EXPECT_EQ(transaction.copies().size(), 1u);
    EXPECT_LT(pool.n_free(), free_before);
  }
  EXPECT_EQ(pool.n_free(), free_before);
  EXPECT_EQ(b.pages, pages_before);
  EXPECT_EQ(b.tokens, ids(0, 20));
}

TEST(Transaction, CopiesASharedPageOnceItIsWritten) {
  const Limits l = limits(64, 2, 512);
  PagePool pool(static_cast<uint32_t>(l.n_pages()));
  Sequence a;
  append(pool, l, a, ids(0, 20));
  Sequence b = fork(pool, a);
  const auto tokens = ids(20, 1);
  std::vector<Chunk> chunks{chunk_of(b, tokens)};
  Transaction transaction(pool, l, chunks);
  ASSERT_EQ(transaction.copies().size(), 1u);
  EXPECT_EQ(transaction.copies()[0].from, a.pages[1]);
  EXPECT_EQ(transaction.copies()[0].n_tokens, 4u);
  chunks[0].n_done = 1;
  transaction.commit();
  EXPECT_EQ(b.pages[0], a.pages[0]);
  EXPECT_NE(b.pages[1], a.pages[1]);
  EXPECT_EQ(pool.n_owners(a.pages[0]), 2u);
  EXPECT_EQ(pool.n_owners(a.pages[1]), 1u);
  // Now it is private: no further copy.
  const auto more = ids(21, 1);
  std::vector<Chunk> next{chunk_of(b, more)};
  EXPECT_TRUE(Transaction(pool, l, next).copies().empty());
}

TEST(Transaction, FullPagesAreSharedWithoutACopy) {
  const Limits l = limits(64, 2, 512);
  PagePool pool(static_cast<uint32_t>(l.n_pages()));
  Sequence a;
  append(pool, l, a, ids(0, 32));
  Sequence b = fork(pool, a);
  const auto tokens = ids(32, 1);
  std::vector<Chunk> chunks{chunk_of(b, tokens)};
  EXPECT_TRUE(Transaction(pool, l, chunks).copies().empty());
}

TEST(Transaction, KeepsWholePassesOfACancelledBatch) {
  const Limits l = limits(64, 1, 512);
  PagePool pool(static_cast<uint32_t>(l.n_pages()));
  Sequence a;
  const auto tokens = ids(0, 60);
  std::vector<Chunk> chunks{chunk_of(a, tokens)};
  Transaction transaction(pool, l, chunks);
  chunks[0].n_done = 17;
  transaction.commit();
  EXPECT_EQ(a.tokens, ids(0, 17));
  EXPECT_EQ(a.pages.size(), 2u);
  EXPECT_EQ(pool.n_free(), l.n_pages() - 2);
}

TEST(Transaction, APoolWithoutRoomIsUnchanged) {
  const Limits l = limits(32, 1, 512);
  PagePool pool(2);
  Sequence a;
  append(pool, l, a, ids(0, 17));
  Sequence b;
  const auto tokens = ids(0, 5);
  std::vector<Chunk> chunks{chunk_of(b, tokens)};
  try {
    Transaction transaction(pool, l, chunks);
    FAIL() << "no room was noticed";
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.status(), GROK1_E_CONTEXT_FULL);
  }
  EXPECT_EQ(pool.n_free(), 0u);
  EXPECT_TRUE(b.pages.empty());
}

TEST(PassRows, CutsChunksAndCountsLogitRows) {
  const Limits l = limits(64, 3, 8);
  PassRows rows(l);
  Sequence a, b, c;
  a.tokens = ids(0, 3);  // continues at position 3
  const auto ta = ids(10, 5), tb = ids(20, 6), tc = ids(30, 1);
  std::vector<Chunk> chunks{chunk_of(a, ta, GROK1_LOGITS_ALL), chunk_of(b, tb), chunk_of(c, tc, GROK1_LOGITS_NONE)};

  ASSERT_TRUE(rows.fill(chunks));  // five of a, three of b
  grok1_step_data data = rows.data();
  EXPECT_EQ(std::vector<int32_t>(data.tokens, data.tokens + data.n_rows),
            (std::vector<int32_t>{10, 11, 12, 13, 14, 20, 21, 22}));
  EXPECT_EQ(std::vector<uint32_t>(data.positions, data.positions + data.n_rows),
            (std::vector<uint32_t>{3, 4, 5, 6, 7, 0, 1, 2}));
  EXPECT_EQ(std::vector<uint32_t>(data.chunk_begin, data.chunk_begin + 3), (std::vector<uint32_t>{0, 5, 8}));
  EXPECT_EQ(data.n_logit_rows, 5u);
  rows.finish(chunks);
  EXPECT_EQ(chunks[0].n_rows_done, 5u);

  ASSERT_TRUE(rows.fill(chunks));  // the rest of b, then c
  data = rows.data();
  EXPECT_EQ(std::vector<int32_t>(data.tokens, data.tokens + data.n_rows), (std::vector<int32_t>{23, 24, 25, 30}));
  EXPECT_EQ(std::vector<uint32_t>(data.positions, data.positions + data.n_rows), (std::vector<uint32_t>{3, 4, 5, 0}));
  ASSERT_EQ(data.n_logit_rows, 1u);
  EXPECT_EQ(data.logit_rows[0], 2u);
  rows.finish(chunks);
  EXPECT_FALSE(rows.fill(chunks));
}

}  // namespace
}  // namespace grok1
