// The pool: every task once, callers in turns, own node first, workers on their CPUs, deaf to signals and in a clean
// floating-point state, no time spent in waiting, an end that is an end, and no hang in a child of fork.
#include "backends/cpu/threads.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xmmintrin.h>

#include <atomic>
#include <chrono>
#include <ctime>

#include "backends/cpu/float_state.h"
#include "backends/cpu/machine.h"

namespace grok1::cpu {
namespace {

using std::chrono::milliseconds;

// Seconds of the processor that the process has had.
double processor_time() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// Waits for the others of a task that several threads must run at once; whether they came.
bool meet(std::atomic<uint32_t>& arrived, uint32_t wanted) {
  ++arrived;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (arrived < wanted && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  return arrived >= wanted;
}

TEST(Threads, EveryTaskRunsOnce) {
  for (const uint32_t count : {1u, 2u, 3u, 4u}) {
    Threads threads(unpinned(count));
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

TEST(Threads, EveryTaskOfEveryNodeRunsOnce) {
  for (const uint32_t count : {1u, 2u, 3u, 5u})
    for (const uint32_t nodes : {1u, 2u, 3u, 4u}) {
      Threads threads(unpinned(count, nodes));
      EXPECT_EQ(threads.nodes(), nodes);
      for (const uint64_t tasks : {0u, 1u, 2u, 100u, 1000u, 7u})
        for (int round = 0; round < 5; ++round) {
          std::vector<std::atomic<int>> runs(tasks);
          const auto f = [&](uint64_t task, uint32_t) { runs[task].fetch_add(1); };
          threads.run(
              tasks, [&](uint64_t task) { return static_cast<uint32_t>(task * task % nodes); }, f);
          threads.run(
              tasks, [&](uint64_t) { return nodes - 1; }, f);
          threads.run(tasks, f);
          for (const auto& n : runs) ASSERT_EQ(n.load(), 3);
        }
    }
}

// Each thread's first task waits for the others' first, so that none can be late.
TEST(Threads, TakeTasksOfTheirNodeFirst) {
  const Seating seating = unpinned(4, 2);
  Threads threads(seating);
  for (int round = 0; round < 50; ++round) {
    std::atomic<uint32_t> arrived{0};
    std::atomic<bool> began[4] = {};
    threads.run(
        16, [](uint64_t task) { return static_cast<uint32_t>(task % 2); },
        [&](uint64_t task, uint32_t thread) {
          if (began[thread].exchange(true)) return;
          EXPECT_EQ(task % 2, seating.threads[thread].node) << "thread " << thread;
          EXPECT_TRUE(meet(arrived, 4));
        });
  }
}

TEST(Threads, TakeTasksOfOtherNodesThen) {
  Threads threads(unpinned(4, 2));
  for (const uint32_t home : {0u, 1u}) {
    std::atomic<uint32_t> arrived{0};
    threads.run(
        4, [&](uint64_t) { return home; }, [&](uint64_t, uint32_t) { EXPECT_TRUE(meet(arrived, 4)); });
  }
}

// On a made-up machine all of whose CPUs are of the second node, the caller is of the second node.
TEST(Threads, TheCallersNodeIsThatOfItsCpu) {
  Seating seating = unpinned(2, 2);
  seating.threads[1].node = 0;
  seating.node_of_cpu.assign(affinity_mask().back() + 1, 1);
  Threads threads(seating);
  std::atomic<uint32_t> arrived{0};
  threads.run(
      2, [](uint64_t task) { return static_cast<uint32_t>(task); },
      [&](uint64_t task, uint32_t thread) {
        EXPECT_EQ(task, thread == 0 ? 1u : 0u);
        EXPECT_TRUE(meet(arrived, 2));
      });
}

TEST(Threads, WorkersStayOnTheirCpus) {
  const Cpus mask = affinity_mask();
  Seating seating = unpinned(3);
  for (Seat& seat : seating.threads) seat.cpus = {mask.back()};
  Threads threads(seating);
  std::atomic<uint32_t> arrived{0};
  threads.run(3, [&](uint64_t, uint32_t thread) {
    EXPECT_EQ(affinity_mask(), thread == 0 ? mask : Cpus{mask.back()}) << "thread " << thread;
    EXPECT_TRUE(meet(arrived, 3));
  });
  EXPECT_EQ(affinity_mask(), mask);
}

// A caller that the system left on a worker's CPU: the worker moves to the CPU that was meant for the caller, once.
TEST(Threads, AWorkerMakesRoomForTheCaller) {
  const Cpus mask = affinity_mask();
  if (mask.size() < 2) GTEST_SKIP() << "this process may use one CPU only";
  Seating seating = unpinned(2);
  seating.threads[0].cpus = {mask[0]};
  seating.threads[1].cpus = {mask[1]};
  Threads threads(seating);
  for (const size_t caller : {1, 1, 0, 1}) {
    cpu_set_t own;
    CPU_ZERO(&own);
    CPU_SET(mask[caller], &own);
    ASSERT_EQ(sched_setaffinity(0, sizeof own, &own), 0);
    std::atomic<uint32_t> arrived{0};
    threads.run(2, [&](uint64_t, uint32_t thread) {
      EXPECT_EQ(affinity_mask(), Cpus{mask[thread == 0 ? caller : 1 - caller]}) << "thread " << thread;
      EXPECT_TRUE(meet(arrived, 2));
    });
  }
  cpu_set_t all;
  CPU_ZERO(&all);
  for (const uint32_t cpu : mask) CPU_SET(cpu, &all);
  ASSERT_EQ(sched_setaffinity(0, sizeof all, &all), 0);
}

TEST(Threads, AnImpossibleSeatIsNoError) {
  const Cpus mask = affinity_mask();
  Seating seating = unpinned(2);
  seating.threads[1].cpus = {100000};
  Threads threads(seating);
  std::atomic<uint32_t> arrived{0};
  threads.run(2, [&](uint64_t, uint32_t) {
    EXPECT_EQ(affinity_mask(), mask);
    EXPECT_TRUE(meet(arrived, 2));
  });
}

TEST(Threads, UseNoTimeBetweenRuns) {
  Threads threads(unpinned(4, 2));
  for (int round = 0; round < 3; ++round) {
    threads.run(
        100, [](uint64_t) { return 1u; }, [](uint64_t, uint32_t) {});
    std::this_thread::sleep_for(milliseconds(50));
    const double before = processor_time();
    std::this_thread::sleep_for(milliseconds(200));
    EXPECT_LT(processor_time() - before, 1e-3);
  }
}

// A worker that the system has put aside, which a sleep stands for here. Yielding is no voluntary switch.
TEST(Threads, ACallerThatWaitsLongSleeps) {
  Threads threads(unpinned(2));
  std::atomic<uint32_t> arrived{0};
  rusage before{}, after{};
  threads.run(2, [&](uint64_t, uint32_t thread) {
    EXPECT_TRUE(meet(arrived, 2));
    if (thread == 0) getrusage(RUSAGE_THREAD, &before);
    if (thread == 1) std::this_thread::sleep_for(milliseconds(200));
  });
  getrusage(RUSAGE_THREAD, &after);
  EXPECT_GT(after.ru_nvcsw, before.ru_nvcsw);
}

TEST(Threads, WhatTasksWroteIsSeenAfterwards) {
  Threads threads(unpinned(4, 2));
  std::vector<uint64_t> plain(64);
  for (uint64_t round = 1; round < 2000; ++round) {
    const auto write = [&](uint64_t task, uint32_t) { plain[task] = round; };
    const auto home = [&](uint64_t task) { return static_cast<uint32_t>((task + round) % 2); };
    round % 3 == 0 ? threads.run(plain.size(), write) : threads.run(plain.size(), home, write);
    for (const uint64_t value : plain) ASSERT_EQ(value, round);
  }
}

TEST(Threads, CallersTakeTurns) {
  Threads threads(unpinned(3));
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
  Threads threads(unpinned(3));
  for (int round = 0; round < 5; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));  // long after workers have gone to sleep
    std::atomic<int> runs{0};
    threads.run(10, [&](uint64_t, uint32_t) { ++runs; });
    ASSERT_EQ(runs.load(), 10);
  }
}

TEST(Threads, WorkersBlockSignalsAndKeepTheirFloatState) {
  _mm_setcsr(_mm_getcsr() | 0x8040);  // flush-to-zero and denormals-are-zero in the caller, which workers inherit
  Threads threads(unpinned(3));
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
  auto threads = std::make_unique<Threads>(unpinned(3));
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
