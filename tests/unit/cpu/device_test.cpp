// Choosing the processor's level and the number of threads, and what the machine says of itself.
#include <gtest/gtest.h>
#include <sched.h>

#include <cstdlib>
#include <string>

#include "backends/cpu/isa.h"
#include "backends/cpu/machine.h"
#include "backends/cpu/memory.h"
#include "grok1_backend.h"

extern "C" const grok1_backend_descriptor grok1_backend_entry;

namespace grok1::cpu {
namespace {

// Opens a device with the environment variable and options given; the message of the refusal, or "".
std::string opened(const char* variable, const char* options) {
  variable == nullptr ? unsetenv("GROK1_CPU_ISA") : setenv("GROK1_CPU_ISA", variable, 1);
  grok1_backend_host host{};
  host.struct_size = sizeof host;
  grok1_backend* backend = nullptr;
  const grok1_backend_ops* ops = nullptr;
  grok1_error err = GROK1_INIT(grok1_error);
  EXPECT_EQ(grok1_backend_entry.open(&host, &backend, &ops, &err), GROK1_OK) << err.message;
  grok1_device* device = nullptr;
  const grok1_status status = ops->device_open(backend, 0, options, &device, &err);
  if (status == GROK1_OK) ops->device_close(device);
  ops->close(backend);
  unsetenv("GROK1_CPU_ISA");
  EXPECT_TRUE(status == GROK1_OK || status == GROK1_E_INVALID_ARGUMENT) << status;
  return status == GROK1_OK ? "" : err.message;
}

bool says(const std::string& message, const char* part) {
  return message.find(part) != std::string::npos;
}

TEST(Device, OpensAtEveryLevelTheProcessorHas) {
  constexpr const char* kNames[] = {"baseline", "avx2", "avxvnni", "avx512", "avx512vnni"};
  for (int i = 0; i < 5; ++i) {
    const std::string refusal = opened(kNames[i], "");
    if (can_run(static_cast<Isa>(i))) {
      EXPECT_EQ(refusal, "");
    } else {
      EXPECT_TRUE(says(refusal, kernels_of(best_isa()).name)) << "must say what there is: " << refusal;
    }
    EXPECT_EQ(kernels_of(static_cast<Isa>(i)).name, std::string(kNames[i]));
  }
}

TEST(Device, RefusesUnknownLevels) {
  for (const char* bad : {"sse", "AVX2", "avx512vnni "}) {
    const std::string refusal = opened(bad, "");
    EXPECT_TRUE(says(refusal, "GROK1_CPU_ISA") && says(refusal, bad)) << refusal;
  }
  EXPECT_TRUE(says(opened(nullptr, "isa=mmx"), "option isa"));
  EXPECT_TRUE(says(opened(nullptr, "isa="), "option isa"));
  EXPECT_EQ(opened("", ""), "") << "an empty variable forces nothing";
  EXPECT_EQ(opened("nonsense", "isa=baseline"), "") << "the option goes before the environment";
}

TEST(Device, ReadsItsOptions) {
  EXPECT_EQ(opened(nullptr, "threads=2"), "");
  EXPECT_EQ(opened(nullptr, "threads=1,isa=baseline,digits=1,unknown=7,"), "");
  EXPECT_EQ(opened(nullptr, "digits=2"), "");
  for (const char* bad : {"threads=0", "threads=", "threads=two", "threads=-1", "threads=2x", "threads=99999999999",
                          "digits=", "digits=0", "digits=3", "digits=two"})
    EXPECT_TRUE(says(opened(nullptr, bad), bad)) << bad;
  EXPECT_TRUE(says(opened(nullptr, "threads"), "key=value"));
}

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
  ASSERT_EQ(sched_setaffinity(0, sizeof before, &before), 0);
}

TEST(Memory, IsZeroedAndAligned) {
  for (const uint64_t size : {1u, 63u, 4097u, 9u << 20}) {
    const Memory memory(size);
    ASSERT_EQ(reinterpret_cast<uintptr_t>(memory.data()) % 64, 0u);
    for (uint64_t i = 0; i < size; ++i) ASSERT_EQ(memory.data()[i], 0);
  }
}

TEST(Memory, RefusesWhatThereIsNot) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers end the process for such a size";
#endif
  EXPECT_THROW(Memory(UINT64_MAX - 10), Refusal);
  EXPECT_THROW(Memory(uint64_t{1} << 60), Refusal);
  EXPECT_THROW(size_product({uint64_t{1} << 40, uint64_t{1} << 30}), Refusal);
}

}  // namespace
}  // namespace grok1::cpu
