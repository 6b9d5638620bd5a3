// What the machine says of itself, and made-up control groups of both versions.
#include "backends/cpu/machine.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace grok1::cpu {
namespace {

TEST(Machine, SaysWhatItIs) {
  EXPECT_FALSE(processor_name().empty());
  EXPECT_EQ(processor_name().find("(R)"), std::string::npos);
  const MachineMemory memory = machine_memory();
  EXPECT_GT(memory.total, uint64_t{64} << 20);
  EXPECT_LE(memory.free, memory.total);
  EXPECT_GT(memory.free, 0u);
}

TEST(Machine, CoresFollowTheAffinityMask) {
  cpu_set_t before, one;
  ASSERT_EQ(sched_getaffinity(0, sizeof before, &before), 0);
  CPU_ZERO(&one);
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(cpu, &before)) {
      CPU_SET(cpu, &one);
      break;
    }
  EXPECT_LE(usable_cores(), static_cast<uint32_t>(CPU_COUNT(&before)));
  ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  EXPECT_EQ(usable_cores(), 1u);
  EXPECT_EQ(affinity_mask().size(), 1u);
  EXPECT_TRUE(CPU_ISSET(affinity_mask()[0], &one));
  ASSERT_EQ(sched_setaffinity(0, sizeof before, &before), 0);
}

// Limits that any machine is above: one core, and memory of a few thousand bytes.
class ControlGroups : public testing::Test {
 protected:
  void SetUp() override { file("proc/meminfo", "MemTotal:  1000 kB\nMemFree:  100 kB\nMemAvailable:  800 kB\n"); }
  void TearDown() override { std::filesystem::remove_all(root_); }
  void file(const std::string& path, const std::string& text) {
    std::filesystem::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }
  uint32_t cores() const { return usable_cores(root_); }
  void expect_memory(uint64_t total, uint64_t free) const {
    EXPECT_EQ(machine_memory(root_).total, total);
    EXPECT_EQ(machine_memory(root_).free, free);
  }

  const std::filesystem::path root_ = testing::TempDir() + "grok1_control_groups." + std::to_string(getpid());
  const uint32_t all_ = static_cast<uint32_t>(affinity_mask().size());
};

TEST_F(ControlGroups, NoneLimitNothing) {
  EXPECT_EQ(cores(), all_);
  expect_memory(1024000, 819200);
  file("proc/self/cgroup", "0::/a\n");
  file("sys/fs/cgroup/a/cpu.max", "max 100000\n");
  file("sys/fs/cgroup/a/memory.max", "max\n");
  EXPECT_EQ(cores(), all_);
  expect_memory(1024000, 819200);
}

TEST_F(ControlGroups, TheTightestAroundTheProcessCounts) {
  file("proc/self/cgroup", "0::/a/b\n");
  file("sys/fs/cgroup/a/cpu.max", "50000 100000\n");
  file("sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
  file("sys/fs/cgroup/c/cpu.max", "1000 100000\n");
  file("sys/fs/cgroup/a/b/memory.max", "500000\n");
  file("sys/fs/cgroup/a/b/memory.current", "200000\n");
  EXPECT_EQ(cores(), 1u);
  expect_memory(500000, 300000);
}

TEST_F(ControlGroups, PartsOfACoreAreRoundedUp) {
  file("proc/self/cgroup", "0::/\n");
  file("sys/fs/cgroup/cpu.max", "100001 100000\n");
  EXPECT_EQ(cores(), std::min(all_, 2u));
}

TEST_F(ControlGroups, OfTheFirstVersion) {
  file("proc/self/cgroup", "3:cpuset:/other\n2:cpu,cpuacct:/a\n1:memory:/m\n");
  file("sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "-1\n");
  file("sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(cores(), all_);
  file("sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "90000\n");
  file("sys/fs/cgroup/memory/m/memory.limit_in_bytes", "400000\n");
  file("sys/fs/cgroup/memory/m/memory.usage_in_bytes", "500000\n");
  EXPECT_EQ(cores(), 1u);
  expect_memory(400000, 0);
}

}  // namespace
}  // namespace grok1::cpu
