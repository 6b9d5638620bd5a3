// How K is cut, on cases small enough to see.
#include "backends/cpu/chunks.h"

#include <gtest/gtest.h>

#include <tuple>

namespace grok1::cpu {
namespace {

using Cut = std::tuple<uint32_t, uint32_t, uint32_t, uint32_t, bool>;  // as in Chunk

std::vector<Cut> cut(uint64_t k_begin, uint64_t k_end, uint64_t group_size) {
  std::vector<Cut> cuts;
  for (const Chunk& c : cut_into_chunks(k_begin, k_end, group_size).list)
    cuts.emplace_back(c.k_begin, c.k_size, c.block_begin, c.group, c.ends_group);
  return cuts;
}

TEST(Chunks, OneGroupIsCutEvery2048) {
  EXPECT_EQ(cut(0, 6144, 6144),
            (std::vector<Cut>{{0, 2048, 0, 0, false}, {2048, 2048, 8, 0, false}, {4096, 2048, 16, 0, true}}));
  EXPECT_EQ(cut(0, 2049, 2049), (std::vector<Cut>{{0, 2048, 0, 0, false}, {2048, 1, 8, 0, true}}));
}

TEST(Chunks, GroupsBeginAnew) {
  EXPECT_EQ(cut(0, 86, 43), (std::vector<Cut>{{0, 43, 0, 0, true}, {43, 43, 1, 1, true}}));
  EXPECT_EQ(
      cut(0, 5000, 2500),
      (std::vector<Cut>{
          {0, 2048, 0, 0, false}, {2048, 452, 8, 0, true}, {2500, 2048, 10, 1, false}, {4548, 452, 18, 1, true}}));
}

TEST(Chunks, ASliceCountsFromItsOwnBegin) {
  EXPECT_EQ(cut(50, 120, 43), (std::vector<Cut>{{0, 36, 0, 0, true}, {36, 34, 1, 1, true}}));
}

TEST(Chunks, PlainMeansThatBlocksLieWhereThoseOfAnUngroupedRowLie) {
  EXPECT_TRUE(cut_into_chunks(0, 6144, 6144).plain);
  EXPECT_TRUE(cut_into_chunks(0, 6144, 768).plain);
  EXPECT_FALSE(cut_into_chunks(0, 344, 43).plain);
  EXPECT_FALSE(cut_into_chunks(0, 6144, 6144 / 64).plain);
  EXPECT_TRUE(cut_into_chunks(512, 1024, 6144).plain);
}

}  // namespace
}  // namespace grok1::cpu
