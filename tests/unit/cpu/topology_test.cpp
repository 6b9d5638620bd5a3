// Made-up machines: trees of files like /sys/devices/system, and what is read of them under a mask.
#include "backends/cpu/topology.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <numeric>

#include "backends/cpu/machine.h"

namespace grok1::cpu {
namespace {

Cpus up_to(uint32_t count) {
  Cpus cpus(count);
  std::iota(cpus.begin(), cpus.end(), 0);
  return cpus;
}

// "0: 0,8 1,9; 2: 4": nodes and their cores.
std::string text_of(const Topology& topology) {
  std::string text;
  for (const Node& node : topology.nodes) {
    text += (text.empty() ? "" : "; ") + std::to_string(node.number) + ":";
    for (const Cpus& core : node.cores)
      for (size_t i = 0; i < core.size(); ++i) text += (i == 0 ? " " : ",") + std::to_string(core[i]);
  }
  return text;
}

class MadeUp : public testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove_all(root_); }

  void file(const std::string& path, const std::string& text) {
    std::filesystem::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }
  void node(uint32_t number, const std::string& cpus) {
    file("node/node" + std::to_string(number) + "/cpulist", cpus + "\n");
  }
  void siblings(uint32_t cpu, const std::string& cpus) {
    file("cpu/cpu" + std::to_string(cpu) + "/topology/thread_siblings_list", cpus + "\n");
  }
  std::string read(const Cpus& mask) const { return text_of(read_topology(root_, mask)); }

  const std::filesystem::path root_ = testing::TempDir() + "grok1_topology." + std::to_string(getpid());
};

TEST_F(MadeUp, TwoNodesWithSiblings) {
  file("cpu/online", "0-7\n");
  file("node/online", "0-1\n");
  node(0, "0-1,4-5"), node(1, "2-3,6-7");
  for (uint32_t cpu = 0; cpu < 8; ++cpu) siblings(cpu, std::to_string(cpu % 4) + "," + std::to_string(cpu % 4 + 4));
  EXPECT_EQ(read(up_to(8)), "0: 0,4 1,5; 1: 2,6 3,7");
  EXPECT_EQ(read_topology(root_, up_to(8)).cores(), 4u);
  EXPECT_EQ(read_topology(root_, up_to(8)).cpus(), 8u);
  EXPECT_EQ(read({0, 1, 5, 6}), "0: 0 1,5; 1: 6") << "half a core is a core";
  EXPECT_EQ(read({2, 3}), "1: 2 3") << "a mask of one node";
}

TEST_F(MadeUp, FourNodesWithHoles) {
  file("node/online", "0,2,5,7\n");
  node(0, "0-1"), node(2, "8-9"), node(5, "16,18"), node(7, "24");
  EXPECT_EQ(read({0, 1, 8, 9, 16, 18, 24}), "0: 0 1; 2: 8 9; 5: 16 18; 7: 24");
  EXPECT_EQ(read({1, 24}), "0: 1; 7: 24");
}

TEST_F(MadeUp, NodesOfMemoryAlone) {
  file("node/online", "0-3\n");
  node(0, "0-1"), node(1, ""), node(2, "2-3");
  file("node/node3/cpulist", "");
  EXPECT_EQ(read(up_to(4)), "0: 0 1; 2: 2 3");
}

TEST_F(MadeUp, OfflineCpusAreNotThere) {
  file("cpu/online", "0,2-3\n");
  file("node/online", "0-1\n");
  node(0, "0"), node(1, "2-3");
  siblings(0, "0"), siblings(2, "2-3"), siblings(3, "2-3");
  EXPECT_EQ(read(up_to(4)), "0: 0; 1: 2,3");
}

TEST_F(MadeUp, WithoutNodesThereIsOne) {
  EXPECT_EQ(read({3, 5}), "0: 3 5") << "an empty tree";
  siblings(3, "3,5"), siblings(5, "3,5");
  EXPECT_EQ(read({3, 5, 6}), "0: 3,5 6");
  file("node/online", "0-1\n");
  node(0, "3,5");
  EXPECT_EQ(read({3, 5, 6}), "0: 3,5 6") << "a tree that does not know CPU 6";
  node(1, "6,oops");
  EXPECT_EQ(read({3, 5, 6}), "0: 3,5 6") << "a damaged one";
  node(1, "6");
  EXPECT_EQ(read({3, 5, 6}), "0: 3,5; 1: 6");
}

TEST_F(MadeUp, SiblingsThatContradictEachOther) {
  siblings(0, "0-1"), siblings(1, "1-2"), siblings(2, "0,2");
  EXPECT_EQ(read(up_to(3)), "0: 0,1 2");
}

TEST(CpuList, IsReadOrRefused) {
  EXPECT_EQ(parse_cpu_list("0-3,8,10-11\n"), (Cpus{0, 1, 2, 3, 8, 10, 11}));
  EXPECT_EQ(parse_cpu_list("5"), Cpus{5});
  EXPECT_EQ(parse_cpu_list(""), Cpus{});
  EXPECT_EQ(parse_cpu_list("\n"), Cpus{});
  for (const char* bad :
       {"a", "-1", "1-", "3-1", "1,", ",1", "1,,2", "2,1", "1-3,3", "1 2", "0-99999999", "0-4294967295"})
    EXPECT_EQ(parse_cpu_list(bad), std::nullopt) << bad;
}

TEST(ThisMachine, HasTheCpusOfTheMask) {
  const Topology topology = read_topology("/sys/devices/system", affinity_mask());
  EXPECT_EQ(topology.cpus(), affinity_mask().size()) << text_of(topology);
  EXPECT_LE(usable_cores(), topology.cpus());
}

}  // namespace
}  // namespace grok1::cpu
