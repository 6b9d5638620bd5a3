// Choosing the processor's level and the number of threads.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "backends/cpu/device.h"
#include "backends/cpu/machine.h"
#include "grok1_backend.h"

extern "C" const grok1_backend_descriptor grok1_backend_entry;

namespace grok1::cpu {
namespace {

struct Opening {
  std::string refusal;  // "" if there is none
  std::string log;
  uint32_t threads = 0, nodes = 0;
};

// Opens a device with the environment variable and options given, and closes it.
Opening open_device(const char* variable, const char* options) {
  variable == nullptr ? unsetenv("GROK1_CPU_ISA") : setenv("GROK1_CPU_ISA", variable, 1);
  Opening opening;
  grok1_backend_host host{};
  host.struct_size = sizeof host;
  host.context = &opening.log;
  host.log = [](void* context, int32_t level, const char* message, size_t size) {
    EXPECT_EQ(level, GROK1_LOG_WARNING);
    static_cast<std::string*>(context)->append(message, size);
  };
  grok1_backend* backend = nullptr;
  const grok1_backend_ops* ops = nullptr;
  grok1_error err = GROK1_INIT(grok1_error);
  EXPECT_EQ(grok1_backend_entry.open(&host, &backend, &ops, &err), GROK1_OK) << err.message;
  grok1_device* device = nullptr;
  const grok1_status status = ops->device_open(backend, 0, options, &device, &err);
  if (status == GROK1_OK) {
    const Threads& threads = reinterpret_cast<Device*>(device)->threads;
    opening.threads = threads.count(), opening.nodes = threads.nodes();
    ops->device_close(device);
  } else {
    EXPECT_EQ(status, GROK1_E_INVALID_ARGUMENT);
    opening.refusal = err.message;
  }
  ops->close(backend);
  unsetenv("GROK1_CPU_ISA");
  return opening;
}

std::string opened(const char* variable, const char* options) {
  return open_device(variable, options).refusal;
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
  EXPECT_EQ(opened(nullptr, "threads=1,isa=baseline,digits=1,unknown=7,"), "");
  EXPECT_EQ(opened(nullptr, "digits=2,gemm=own"), "");
  for (const char* bad : {"threads=0", "threads=", "threads=two", "threads=-1", "threads=2x", "threads=99999999999",
                          "threads=4097", "oversubscribe=2", "oversubscribe=", "nodes=0", "nodes=65",
                          "digits=", "digits=0", "digits=3", "digits=two", "gemm=", "gemm=mkl", "gemm=ONEDNN"})
    EXPECT_TRUE(says(opened(nullptr, bad), bad)) << bad;
  EXPECT_TRUE(says(opened(nullptr, "threads"), "key=value"));
}

TEST(Device, HasNoMoreThreadsThanCores) {
  const uint32_t cores = usable_cores();
  const Opening whole = open_device(nullptr, "");
  EXPECT_EQ(whole.threads, std::min(cores, read_topology("/sys/devices/system", affinity_mask()).cores()));
  EXPECT_EQ(whole.log, "");
  const Opening exact = open_device(nullptr, ("threads=" + std::to_string(cores)).c_str());
  EXPECT_EQ(exact.threads, cores);
  EXPECT_EQ(exact.log, "");
  const std::string more = "threads=" + std::to_string(cores + 6);
  const Opening cut = open_device(nullptr, more.c_str());
  EXPECT_EQ(cut.threads, cores);
  const std::string n = std::to_string(cores);
  EXPECT_EQ(cut.log, more + ": this process may use " + n + (cores == 1 ? " core; " : " cores; ") + n +
                         (cores == 1 ? " is used" : " are used"));
}

TEST(Device, IsOversubscribedWhenAsked) {
  const uint32_t more = usable_cores() + 3;
  const Opening opening = open_device(nullptr, ("oversubscribe=1,threads=" + std::to_string(more)).c_str());
  EXPECT_EQ(opening.threads, more);
  EXPECT_EQ(opening.log, "");
  EXPECT_EQ(open_device(nullptr, "oversubscribe=1").threads, open_device(nullptr, "").threads);
  EXPECT_EQ(open_device(nullptr, "nodes=3,threads=2,oversubscribe=1").nodes, 3u);
}

}  // namespace
}  // namespace grok1::cpu
