// The pool: every task once, callers in turns, workers deaf to signals and in a clean floating-point state, an end that
// is an end, and no hang in a child of fork.
#include "backends/cpu/threads.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xmmintrin.h>

#include <chrono>

#include "backends/cpu/float_state.h"

namespace grok1::cpu {
namespace {

TEST(Threads, EveryTaskRunsOnce) {
  for (const uint32_t count : {1u, 2u, 3u, 4u}) {
    Threads threads(count);
    for (const uint64_t tasks : {0u, 1u, 2u, 3u, 100u, 1000u})
      for (int round = 0; round < 20; ++round) {
        std::vector<std::atomic<int>> runs(tasks);
        threads.run(tasks, [&](uint64_t task, uint32_t thread) {
          EXPECT_LT(thread, count);
          runs[task].fetch_add(1);
        });
        for (const auto& n : runs) ASSERT_EQ(n.load(), 1);
      }
  }
}

TEST(Threads, WhatTasksWroteIsSeenAfterwards) {
  Threads threads(4);
  std::vector<uint64_t> plain(64);
  for (uint64_t round = 1; round < 2000; ++round) {
    threads.run(plain.size(), [&](uint64_t task, uint32_t) { plain[task] = round; });
    for (const uint64_t value : plain) ASSERT_EQ(value, round);
  }
}

TEST(Threads, CallersTakeTurns) {
  Threads threads(3);
  std::vector<std::thread> callers;
  std::atomic<uint64_t> sum{0};
  for (int caller = 0; caller < 4; ++caller)
    callers.emplace_back([&] {
      for (int round = 0; round < 300; ++round) threads.run(7, [&](uint64_t task, uint32_t) { sum += task; });
    });
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(sum.load(), 4u * 300u * 21u);
}

TEST(Threads, SleepersWake) {
  Threads threads(3);
  for (int round = 0; round < 5; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));  // long after workers have gone to sleep
    std::atomic<int> runs{0};
    threads.run(10, [&](uint64_t, uint32_t) { ++runs; });
    ASSERT_EQ(runs.load(), 10);
  }
}

TEST(Threads, WorkersBlockSignalsAndKeepTheirFloatState) {
  _mm_setcsr(_mm_getcsr() | 0x8040);  // flush-to-zero and denormals-are-zero in the caller, which workers inherit
  Threads threads(3);
  std::atomic<int> workers{0};
  for (int round = 0; round < 1000 && workers == 0; ++round)
    threads.run(64, [&](uint64_t, uint32_t thread) {
      std::this_thread::sleep_for(std::chrono::microseconds(20));
      if (thread == 0) return;
      ++workers;
      sigset_t blocked;
      pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
      EXPECT_EQ(sigismember(&blocked, SIGINT), 1);
      EXPECT_EQ(sigismember(&blocked, SIGTERM), 1);
      EXPECT_EQ(_mm_getcsr() & 0xffc0u, 0x1f80u);
    });
  EXPECT_GT(workers.load(), 0);
  _mm_setcsr(0x1f80);
}

TEST(Threads, TheCallersFloatStateComesBack) {
  _mm_setcsr(0x9fc0);
  {
    const FloatState state;
    EXPECT_EQ(_mm_getcsr(), 0x1f80u);
  }
  EXPECT_EQ(_mm_getcsr(), 0x9fc0u);
  _mm_setcsr(0x1f80);
}

TEST(Threads, AChildOfForkCanEndThem) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "ThreadSanitizer does not follow fork of a threaded process";
#endif
  auto threads = std::make_unique<Threads>(3);
  threads->run(3, [](uint64_t, uint32_t) {});
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);  // a hang ends here
    threads.reset();
    _exit(0);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

}  // namespace
}  // namespace grok1::cpu
