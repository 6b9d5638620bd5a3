// The library is a guest: after loading plugins, running a model and releasing everything, the process is as it was.
#include <gtest/gtest.h>

#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cfenv>
#include <chrono>
#include <clocale>
#include <csignal>
#include <cstring>
#include <ctime>
#include <exception>
#include <filesystem>
#include <map>
#include <new>
#include <string>
#include <thread>

#include "tests/golden/engine.h"

extern char** environ;

namespace {

size_t count_entries(const char* folder) {
  size_t n = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) ++n;
  return n;
}

// What belongs to the process, in words.
std::map<std::string, std::string> host_state() {
  std::map<std::string, std::string> state;
  for (int i = 1; i < 65; ++i) {
    struct sigaction action {};
    if (sigaction(i, nullptr, &action) != 0) continue;
    state["signal " + std::to_string(i)] = std::to_string(reinterpret_cast<uintptr_t>(action.sa_handler));
  }
  sigset_t blocked;
  pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
  for (int i = 1; i < 65; ++i) state["blocked"] += sigismember(&blocked, i) == 1 ? '1' : '0';
  state["locale"] = std::setlocale(LC_ALL, nullptr);
  state["directory"] = std::filesystem::current_path();
  for (char** variable = environ; *variable != nullptr; ++variable)
    state["environment"] += std::string(*variable) + "\n";
  const mode_t mask = umask(0);
  umask(mask);
  state["umask"] = std::to_string(mask);
  state["rounding"] = std::to_string(std::fegetround());
#if defined(__x86_64__)
  state["mxcsr control"] = std::to_string(__builtin_ia32_stmxcsr() & ~0x3Fu);  // without the sticky exception flags
#endif
  state["terminate handler"] = std::to_string(reinterpret_cast<uintptr_t>(std::get_terminate()));
  state["new handler"] = std::to_string(reinterpret_cast<uintptr_t>(std::get_new_handler()));
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  state["file limit"] = std::to_string(limit.rlim_cur);
  state["descriptors"] = std::to_string(count_entries("/proc/self/fd"));
  return state;
}

// Threads end a moment after they have been joined in /proc.
size_t settled_threads(size_t wanted) {
  for (int i = 0; i < 200 && count_entries("/proc/self/task") > wanted; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return count_entries("/proc/self/task");
}

void use_everything(const std::string& device) {
  const golden::Engine engine(std::string(GROK1_TEST_DATA) + "/demo-model",
                              {.device = device, .backend_options = "oversubscribe=1", .threads = 3});
  const char prompt[] = "It is a truth";
  grok1_generate_options options = GROK1_INIT(grok1_generate_options);
  options.max_tokens = 8;
  grok1_error err = GROK1_INIT(grok1_error);
  EXPECT_GE(grok1_generate(engine.session(), prompt, SIZE_MAX, &options, nullptr, nullptr, &err), 0) << err.message;
  // A failing call must not leave traces either.
  EXPECT_EQ(grok1_generate(engine.session(), nullptr, 5, &options, nullptr, nullptr, &err), GROK1_E_INVALID_ARGUMENT);
}

class Host : public testing::TestWithParam<const char*> {};

TEST_P(Host, IsAsItWas) {
  use_everything(GetParam());  // what the C library itself opens or sets once is there before
  const size_t threads = settled_threads(1);
  const auto before = host_state();
  for (int i = 0; i < 3; ++i) use_everything(GetParam());
  EXPECT_EQ(host_state(), before);
  EXPECT_EQ(settled_threads(threads), threads);
}

TEST_P(Host, WritesNothing) {
  const std::string path = testing::TempDir() + "grok1_host_test." + std::to_string(getpid());
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600);
  ASSERT_GE(file, 0);
  const int out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO);
  std::fflush(nullptr);
  dup2(file, STDOUT_FILENO);
  dup2(file, STDERR_FILENO);
  use_everything(GetParam());
  std::fflush(nullptr);
  dup2(out, STDOUT_FILENO);
  dup2(err, STDERR_FILENO);
  struct stat written {};
  fstat(file, &written);
  EXPECT_EQ(written.st_size, 0) << "bytes on stdout or stderr";
  for (const int descriptor : {file, out, err}) close(descriptor);
  unlink(path.c_str());
}

INSTANTIATE_TEST_SUITE_P(Devices, Host, testing::Values("reference", "cpu"),
                         [](const auto& test) { return test.param; });

double processor_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// 50 ms after the last token a session that nobody calls costs nothing.
TEST(HostTime, IsLeftAloneBetweenCalls) {
  const golden::Engine engine(std::string(GROK1_TEST_DATA) + "/demo-model",
                              {.backend_options = "oversubscribe=1", .threads = 3});
  const golden::Sequence sequence = engine.sequence();
  for (int round = 0; round < 3; ++round) {
    engine.decode({{sequence.get(), {1}}});
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    const double before = processor_seconds();
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    EXPECT_LT(processor_seconds() - before, 1e-3);
  }
}

// More threads than cores would only take turns; the user hears of it.
TEST(HostTime, IsNotWantedTwice) {
  std::string log;
  grok1_runtime_options with = GROK1_INIT(grok1_runtime_options);
  with.log_user = &log;
  with.log = [](void* user, int32_t, const char* message, size_t size) {
    static_cast<std::string*>(user)->append(message, size).append("\n");
  };
  const auto runtime =
      golden::make<golden::Runtime>([&](auto** out, auto* err) { return grok1_runtime_create(&with, out, err); });
  const std::string path = std::string(GROK1_TEST_DATA) + "/demo-model";
  grok1_model_options options = GROK1_INIT(grok1_model_options);
  options.devices = "cpu";
  options.threads = 1000;
  const size_t before = settled_threads(1);
  const auto model = golden::make<golden::Model>([&](auto** out, auto* err) {
    return grok1_model_load(runtime.get(), path.data(), path.size(), &options, out, err);
  });
  cpu_set_t mask;
  ASSERT_EQ(sched_getaffinity(0, sizeof mask, &mask), 0);
  EXPECT_LT(count_entries("/proc/self/task") - before, static_cast<size_t>(CPU_COUNT(&mask)));
  EXPECT_NE(log.find("threads=1000: this process may use "), std::string::npos) << log;
}

// Values of the sticky kind are compared to the state before the very first use.
TEST(HostFirstUse, ChangesNoSettings) {
  auto before = host_state();
  use_everything("cpu");
  auto after = host_state();
  EXPECT_EQ(after, before);
}

}  // namespace
