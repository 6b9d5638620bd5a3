// What oneDNN does to the process that it is loaded into: nothing unless asked, no threads of its own, and OpenMP's
// settings stay as the application made them. That it changes no bit: linear_test.cpp, isa_identity_test.cpp.
#include "backends/cpu/onednn.h"

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "backends/cpu/refusal.h"
#include "backends/cpu/step.h"
#include "tests/unit/cpu/levels.h"
#include "tests/unit/cpu/rig.h"

namespace grok1::cpu {
namespace {

size_t threads_of_process() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return static_cast<size_t>(std::distance(begin(tasks), end(tasks)));
}

bool is_loaded(const char* library) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);)
    if (line.find(library) != std::string::npos) return true;
  return false;
}

const std::vector<int32_t> kTokens = Rig::tokens(100);

TEST(Onednn, IsRefusedWithWhatIsMissing) {
  try {
    open_onednn(false);
    EXPECT_TRUE(is_loaded("/libdnnl.so.2"));
  } catch (const Refusal& refusal) {
    EXPECT_EQ(refusal.status, GROK1_E_UNSUPPORTED);
    EXPECT_NE(std::string(refusal.message).find("gemm=onednn: "), std::string::npos) << refusal.message;
    GTEST_SKIP() << refusal.message;
  }
}

// Writes and says that it failed.
struct FailingThread : OnednnThread {
  explicit FailingThread(uint32_t& calls) : calls_(calls) {}
  bool tile(const Kernels&, const Matrix&, const Rows&, uint32_t, uint32_t, float* y, uint64_t, char*) override {
    *y = 12345.0f;
    ++calls_;
    return false;
  }
  uint32_t& calls_;
};

TEST(Onednn, WhatItFailsToDoOurTilesDo) {
  const std::vector<float> wanted = Rig("threads=1").run(kTokens, {100});
  uint32_t calls = 0;
  Rig rig("threads=1");
  reinterpret_cast<Step*>(rig.step())->onednn.push_back(std::make_unique<FailingThread>(calls));
  EXPECT_EQ(rig.run(kTokens, {100}), wanted);
  EXPECT_GT(calls, 0u);
}

// In a process of its own: the others load it.
TEST(Onednn, IsNotLoadedUnlessAsked) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto pass = [] {
    Rig("threads=2,oversubscribe=1").run(kTokens, {100});
    std::exit(is_loaded("/libdnnl.so") || is_loaded("/libgomp.so") ? 1 : 0);
  };
  EXPECT_EXIT(pass(), testing::ExitedWithCode(0), "");
}

TEST(Onednn, StartsNoThreadsAndKeepsTheSettingsOfOpenMp) {
  if (const std::string why = why_no_onednn(); !why.empty()) GTEST_SKIP() << why;
  void* openmp = dlopen("libgomp.so.1", RTLD_NOW | RTLD_NOLOAD);
  if (openmp == nullptr) GTEST_SKIP() << "this oneDNN has another OpenMP runtime, or none";
  const auto most = reinterpret_cast<int (*)()>(dlsym(openmp, "omp_get_max_threads"));
  const auto set = reinterpret_cast<void (*)(int)>(dlsym(openmp, "omp_set_num_threads"));
  set(7);
  const size_t before = threads_of_process();
  for (const char* options : {"threads=1,gemm=onednn", "threads=3,oversubscribe=1,gemm=onednn"}) {
    const size_t own = options[8] == '1' ? 0 : 2;
    Rig rig(options);
    rig.run(kTokens, {100});
    EXPECT_EQ(threads_of_process(), before + own) << options;
    EXPECT_EQ(most(), 7) << options;
  }
  dlclose(openmp);
}

}  // namespace
}  // namespace grok1::cpu
