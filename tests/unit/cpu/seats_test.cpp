// Seats on made-up machines: evenly over the nodes, cores before their second CPUs, pinned as docs/threads.md says.
#include "backends/cpu/seats.h"

#include <gtest/gtest.h>

namespace grok1::cpu {
namespace {

const Topology kOneNode = {{{0, {{0, 4}, {1, 5}, {2, 6}, {3, 7}}}}};
const Topology kTwoNodes = {{{0, {{0, 4}, {1, 5}}}, {3, {{2, 6}, {3, 7}}}}};
const Topology kUneven = {{{0, {{0}}}, {1, {{1}, {2}, {3}, {4}}}}};
const Topology kHybrid = {{{0, {{0, 1}, {2, 3}, {4}, {5}}}}};  // fast cores have siblings, slow ones none

// "0: 1,5" per thread: its node and its CPUs.
std::string text_of(const Seating& seating) {
  std::string text;
  for (const Seat& seat : seating.threads) {
    text += (text.empty() ? "" : "; ") + std::to_string(seat.node) + ":";
    for (size_t i = 0; i < seat.cpus.size(); ++i) text += (i == 0 ? " " : ",") + std::to_string(seat.cpus[i]);
  }
  return text;
}

TEST(Seats, EveryCoreHasItsThread) {
  EXPECT_EQ(text_of(seats_on(kOneNode, 4)), "0: 0,4; 0: 1,5; 0: 2,6; 0: 3,7");
  EXPECT_EQ(text_of(seats_on(kTwoNodes, 4)), "0: 0,4; 1: 2,6; 0: 1,5; 1: 3,7");
  EXPECT_EQ(text_of(seats_on(kUneven, 5)), "0: 0; 1: 1; 1: 2; 1: 3; 1: 4");
}

TEST(Seats, SecondThreadsOfACoreComeLast) {
  EXPECT_EQ(text_of(seats_on(kOneNode, 6)), "0: 0,4; 0: 1,5; 0: 2,6; 0: 3,7; 0: 0,4; 0: 1,5");
  EXPECT_EQ(text_of(seats_on(kTwoNodes, 6)), "0: 0,4; 1: 2,6; 0: 1,5; 1: 3,7; 0: 0,4; 1: 2,6");
  EXPECT_EQ(text_of(seats_on({{{0, {{0, 4}}}, {1, {{1}, {2}}}}}, 3)), "0: 0,4; 1: 1; 1: 2")
      << "not even, but cores first";
  EXPECT_EQ(text_of(seats_on(kHybrid, 6)), "0: 0,1; 0: 2,3; 0: 4; 0: 5; 0: 0,1; 0: 2,3");
}

TEST(Seats, FewerThreadsKeepToTheirNode) {
  EXPECT_EQ(text_of(seats_on(kTwoNodes, 3)), "0: 0,1,4,5; 1: 2,3,6,7; 0: 0,1,4,5");
  EXPECT_EQ(text_of(seats_on(kOneNode, 3)), "0:; 0:; 0:") << "the only node needs no pin";
}

TEST(Seats, OnlyNodesWithThreadsCount) {
  const Seating two = seats_on(kTwoNodes, 2), one = seats_on(kTwoNodes, 1);
  EXPECT_EQ(two.nodes, (std::vector<uint32_t>{0, 3})) << "the system's numbers";
  EXPECT_EQ(two.node_of_cpu, (std::vector<uint32_t>{0, 0, 1, 1, 0, 0, 1, 1}));
  EXPECT_EQ(one.nodes, std::vector<uint32_t>{0});
}

TEST(Seats, UnpinnedThreadsAreDealtOut) {
  EXPECT_EQ(text_of(unpinned(3)), "0:; 0:; 0:");
  EXPECT_EQ(text_of(unpinned(3, 2)), "0:; 1:; 0:");
  EXPECT_EQ(unpinned(3, 2).nodes, (std::vector<uint32_t>{0, 1}));
}

}  // namespace
}  // namespace grok1::cpu
