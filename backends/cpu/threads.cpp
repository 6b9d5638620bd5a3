// The pool. A region is one run() with its tasks. `ticket` holds the region's number in its upper half and the next
// task in its lower: a worker takes a task by a compare-and-swap of both, so one that wakes late can neither take a
// task of a region that it has not read, nor keep the caller waiting. While the caller writes down a new region, a
// number of its own and a task past every end keep all workers out.
#include "backends/cpu/threads.h"

#include <immintrin.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <system_error>

#include "backends/cpu/float_state.h"

namespace grok1::cpu {
namespace {

constexpr int kSpins = 2000;  // pauses before a worker sleeps: 30 to 100 microseconds

constexpr uint32_t kClosed = UINT32_MAX;  // no region has so many tasks

constexpr uint32_t region_of(uint64_t ticket) {
  return static_cast<uint32_t>(ticket >> 32);
}

}  // namespace

struct Threads::Shared {
  std::mutex caller;  // held during a region
  std::atomic<uint64_t> ticket{0};
  std::atomic<uint32_t> tasks{0}, done{0};
  std::atomic<Call> call{nullptr};
  std::atomic<const void*> f{nullptr};

  std::mutex mutex;  // of sleep and the end
  std::condition_variable wake;
  std::atomic<uint32_t> sleepers{0};
  std::atomic<bool> ending{false};
  pid_t process = getpid();

  void work(uint32_t region, uint32_t thread);
  uint32_t wait_for_region_after(uint32_t region);
  void worker(uint32_t thread);
};

void Threads::Shared::work(uint32_t region, uint32_t thread) {
  uint64_t taken = ticket.load(std::memory_order_acquire);
  while (region_of(taken) == region) {
    const uint32_t task = static_cast<uint32_t>(taken), n = tasks.load(std::memory_order_acquire);
    const Call run_task = call.load(std::memory_order_acquire);
    const void* argument = f.load(std::memory_order_acquire);
    if (task >= n) return;
    // If this succeeds the region has not ended, so what was read above belongs to it.
    if (!ticket.compare_exchange_weak(taken, taken + 1, std::memory_order_acq_rel, std::memory_order_acquire)) continue;
    run_task(argument, task, thread);
    done.fetch_add(1, std::memory_order_release);
    taken = ticket.load(std::memory_order_acquire);
  }
}

uint32_t Threads::Shared::wait_for_region_after(uint32_t region) {
  for (int spin = 0; spin < kSpins; ++spin) {
    const uint32_t now = region_of(ticket.load(std::memory_order_acquire));
    if (now != region || ending.load(std::memory_order_relaxed)) return now;
    _mm_pause();
  }
  std::unique_lock lock(mutex);
  sleepers.fetch_add(1);
  wake.wait(lock, [&] { return region_of(ticket.load()) != region || ending.load(); });
  sleepers.fetch_sub(1);
  return region_of(ticket.load());
}

void Threads::Shared::worker(uint32_t thread) {
  const FloatState state;
  for (uint32_t region = 0;;) {
    region = wait_for_region_after(region);
    if (ending.load(std::memory_order_relaxed)) return;
    work(region, thread);
  }
}

Threads::Threads(uint32_t count) : count_(count), shared_(std::make_unique<Shared>()) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);  // workers are born with every signal blocked
  try {
    for (uint32_t i = 1; i < count; ++i) workers_.emplace_back([this, i] { shared_->worker(i); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  } catch (const std::exception& fault) {
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    stop();
    refuse(GROK1_E_OUT_OF_MEMORY, "thread %zu of %u could not be started: %s; ask for fewer with threads=N",
           workers_.size() + 2, count, fault.what());
  }
}

void Threads::stop() {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->ending.store(true);
  }
  shared_->wake.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

// In a process made by fork there are no workers to join, and nobody to wake: what they used is left behind.
Threads::~Threads() {
  if (shared_->process == getpid()) {
    stop();
  } else {
    for (std::thread& worker : workers_) worker.detach();
    static_cast<void>(shared_.release());
  }
}

void Threads::run_together(uint32_t tasks, Call entry, const void* f) {
  Shared& s = *shared_;
  const std::lock_guard turn(s.caller);
  const uint32_t region = region_of(s.ticket.load(std::memory_order_relaxed)) + 2;
  s.ticket.store(uint64_t{region - 1} << 32 | kClosed);
  s.tasks.store(tasks, std::memory_order_release);
  s.call.store(entry, std::memory_order_release);
  s.f.store(f, std::memory_order_release);
  s.done.store(0, std::memory_order_release);
  s.ticket.store(uint64_t{region} << 32);
  if (s.sleepers.load() > 0) {
    const std::lock_guard lock(s.mutex);
    s.wake.notify_all();
  }
  s.work(region, 0);
  for (int spin = 0; s.done.load(std::memory_order_acquire) != tasks; ++spin) {
    if (spin < kSpins) {
      _mm_pause();
    } else {
      sched_yield();  // a worker has been put aside by the system; let it run
    }
  }
}

}  // namespace grok1::cpu
