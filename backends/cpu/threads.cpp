// The pool. A region is one run() with its tasks, in one queue per node. A queue's `ticket` holds how many tasks are
// left in its lower half and the region's number, for workers to watch, in its upper. A thread takes a task by a
// compare-and-swap of both and reads what the region is only afterwards: the task was left, so its region is open, and
// stays open until the thread reports it. So a worker that wakes late finds nothing or work of the region that is open
// then, reads nothing that is being written, and never keeps the caller waiting.
#include "backends/cpu/threads.h"

#include <immintrin.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>

#include "backends/cpu/float_state.h"

namespace grok1::cpu {
namespace {

constexpr int kSpins = 2000;                       // pauses before a worker sleeps: 30 to 100 microseconds
constexpr std::chrono::milliseconds kYielding{1};  // of a caller before it sleeps: longer than a task should be

constexpr uint32_t region_of(uint64_t ticket) {
  return static_cast<uint32_t>(ticket >> 32);
}
constexpr uint32_t left_of(uint64_t ticket) {
  return static_cast<uint32_t>(ticket);
}

// One node's tasks of a region: the numbers up to `end`, or what stands there in `order`.
struct alignas(64) Queue {
  std::atomic<uint64_t> ticket{0};
  uint32_t end = 0;
};

void pin(pthread_t thread, const Cpus& cpus) {
  if (cpus.empty()) return;
  const size_t size = CPU_ALLOC_SIZE(cpus.back() + 1);
  std::vector<char> bytes(size);
  cpu_set_t* mask = reinterpret_cast<cpu_set_t*>(bytes.data());
  for (const uint32_t cpu : cpus) CPU_SET_S(cpu, size, mask);
  pthread_setaffinity_np(thread, size, mask);
}

}  // namespace

struct Threads::Shared {
  explicit Shared(const Seating& seating)
      : queues(seating.nodes.size()),
        nodes(seating.threads.size()),
        seats(seating.threads),
        node_of_cpu(seating.node_of_cpu),
        begin(seating.nodes.size() + 1) {
    for (size_t i = 0; i < nodes.size(); ++i) nodes[i].store(seats[i].node);
  }

  std::mutex caller;          // held during a region
  std::vector<Queue> queues;  // [nodes]; the first is opened last, and workers watch it
  std::atomic<uint32_t> done{0};
  Call call = nullptr;
  const void* f = nullptr;
  bool ordered = false;
  std::vector<uint32_t> order;  // tasks by node, those of one node ascending

  std::mutex mutex;  // of sleep and the end
  std::condition_variable wake, finished;
  std::atomic<uint32_t> sleepers{0};
  std::atomic<bool> caller_sleeps{false}, ending{false};

  std::vector<std::atomic<uint32_t>> nodes;  // [threads]
  std::vector<Seat> seats;                   // [threads]; the caller's own, as all below
  int caller_cpu = -1;                       // where the caller was when the seats were last looked at
  const std::vector<uint32_t> node_of_cpu;
  std::vector<uint32_t> begin;  // of each node's part of `order`
  const pid_t process = getpid();

  void put_in_order(uint32_t tasks, HomeOf home_of, const void* home);
  void open_region(uint32_t tasks);
  uint32_t take_from(Queue& queue, uint32_t thread);
  void work(uint32_t thread, uint32_t node);
  uint32_t wait_for_region_after(uint32_t region);
  void wait_until_done(uint32_t tasks);
  void worker(uint32_t thread);
  uint32_t node_of_caller() const;
};

// Runs what it can take of the queue; how many tasks that were.
uint32_t Threads::Shared::take_from(Queue& queue, uint32_t thread) {
  uint32_t count = 0;
  uint64_t ticket = queue.ticket.load(std::memory_order_acquire);
  while (left_of(ticket) != 0) {
    if (!queue.ticket.compare_exchange_weak(ticket, ticket - 1, std::memory_order_acq_rel, std::memory_order_acquire))
      continue;
    const uint32_t task = queue.end - left_of(ticket);
    call(f, ordered ? order[task] : task, thread);
    ++count;
    ticket = queue.ticket.load(std::memory_order_acquire);
  }
  return count;
}

void Threads::Shared::work(uint32_t thread, uint32_t node) {
  uint32_t count = 0;
  for (size_t i = 0; i < queues.size(); ++i) count += take_from(queues[(node + i) % queues.size()], thread);
  if (count == 0) return;
  done.fetch_add(count);
  if (caller_sleeps.load()) {
    const std::lock_guard lock(mutex);
    finished.notify_one();
  }
}

uint32_t Threads::Shared::wait_for_region_after(uint32_t region) {
  const std::atomic<uint64_t>& ticket = queues[0].ticket;
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
    work(thread, nodes[thread].load());
  }
}

// It spins through the end of others' tasks. If the system has put a worker aside, it first lets that run on its own
// core, then sleeps.
void Threads::Shared::wait_until_done(uint32_t tasks) {
  const auto is_done = [&] { return done.load() == tasks; };
  for (int spin = 0; spin < kSpins; ++spin) {
    if (is_done()) return;
    _mm_pause();
  }
  for (const auto end = std::chrono::steady_clock::now() + kYielding; std::chrono::steady_clock::now() < end;) {
    sched_yield();
    if (is_done()) return;
  }
  std::unique_lock lock(mutex);
  caller_sleeps.store(true);
  finished.wait(lock, is_done);
  caller_sleeps.store(false);
}

uint32_t Threads::Shared::node_of_caller() const {
  const int cpu = queues.size() == 1 ? -1 : sched_getcpu();
  return cpu < 0 || static_cast<size_t>(cpu) >= node_of_cpu.size() ? 0 : node_of_cpu[static_cast<size_t>(cpu)];
}

// Tasks are counted by node, then laid down from the end of each node's part to its beginning.
void Threads::Shared::put_in_order(uint32_t tasks, HomeOf home_of, const void* home) {
  if (order.size() < tasks) order.resize(tasks);
  std::fill(begin.begin(), begin.end(), 0);
  for (uint32_t task = 0; task < tasks; ++task) ++begin[home_of(home, task)];
  uint32_t sum = 0;
  for (uint32_t& part : begin) part = sum += part;
  for (uint32_t task = tasks; task-- > 0;) order[--begin[home_of(home, task)]] = task;
}

// Without an order all tasks are in the first queue.
void Threads::Shared::open_region(uint32_t tasks) {
  const uint32_t region = region_of(queues[0].ticket.load(std::memory_order_relaxed)) + 1;
  for (size_t node = queues.size(); node-- > 0;) {
    Queue& queue = queues[node];
    queue.end = ordered ? begin[node + 1] : tasks;
    const uint32_t size = ordered ? queue.end - begin[node] : node == 0 ? tasks : 0;
    queue.ticket.store(uint64_t{region} << 32 | size);
  }
}

// The system may leave the caller on a pinned worker's core for as long as it likes, although the caller's own is free.
// So the two change seats: the worker takes the caller's.
void Threads::make_room_for_caller() {
  Shared& s = *shared_;
  const int cpu = sched_getcpu();
  if (cpu < 0 || cpu == s.caller_cpu) return;
  s.caller_cpu = cpu;
  const auto has_cpu = [&](const Seat& seat) {
    return std::find(seat.cpus.begin(), seat.cpus.end(), static_cast<uint32_t>(cpu)) != seat.cpus.end();
  };
  if (s.seats[0].cpus.empty() || has_cpu(s.seats[0])) return;
  const auto found = std::find_if(s.seats.begin() + 1, s.seats.end(), has_cpu);
  if (found == s.seats.end()) return;
  std::swap(s.seats[0], *found);
  const size_t thread = static_cast<size_t>(found - s.seats.begin());
  s.nodes[thread].store(found->node);
  pin(workers_[thread - 1].native_handle(), found->cpus);
}

void Threads::run_together(uint32_t tasks, HomeOf home_of, const void* home, Call entry, const void* f) {
  Shared& s = *shared_;
  const std::lock_guard turn(s.caller);
  make_room_for_caller();
  s.call = entry;
  s.f = f;
  s.ordered = home_of != nullptr;
  if (s.ordered) s.put_in_order(tasks, home_of, home);
  s.done.store(0, std::memory_order_release);
  s.open_region(tasks);
  if (s.sleepers.load() > 0) {
    const std::lock_guard lock(s.mutex);
    s.wake.notify_all();
  }
  s.work(0, s.node_of_caller());
  s.wait_until_done(tasks);
}

Threads::Threads(const Seating& seating)
    : count_(static_cast<uint32_t>(seating.threads.size())),
      nodes_(static_cast<uint32_t>(seating.nodes.size())),
      shared_(std::make_unique<Shared>(seating)) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);  // workers are born with every signal blocked
  try {
    for (uint32_t i = 1; i < count_; ++i) {
      const Seat& seat = seating.threads[i];
      workers_.emplace_back([shared = shared_.get(), i] { shared->worker(i); });
      pin(workers_.back().native_handle(), seat.cpus);
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  } catch (const std::exception& fault) {
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    stop();
    refuse(GROK1_E_OUT_OF_MEMORY, "thread %zu of %u could not be started: %s; ask for fewer with threads=N",
           workers_.size() + 2, count_, fault.what());
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

}  // namespace grok1::cpu
