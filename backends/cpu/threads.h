// A pool of threads of one device: run(n, f) calls f(task, thread) once for every task below n, thread 0 being the
// caller, and returns when all have ended. Which thread takes which task is chance, so f must not let it matter.
// run(n, home, f) makes threads prefer tasks of their own memory node. Workers sit where a Seating says; between runs
// they look for work for some microseconds, then sleep. Two callers take turns.
//
// The caller is the application's thread and stays as unpinned as it came: pinning it for a run and restoring it costs
// two system calls, 3 microseconds on the machine where it was tried, a thousand times per token, and would overwrite
// what others of the application set meanwhile. Where it is found on a worker's core, that worker moves instead.
#ifndef GROK1_BACKENDS_CPU_THREADS_H
#define GROK1_BACKENDS_CPU_THREADS_H

#include <memory>
#include <thread>

#include "backends/cpu/seats.h"

namespace grok1::cpu {

class Threads {
 public:
  // Starts all threads of the seating but the first, which is the caller's; refuses if the system does. A seat that the
  // system does not let a thread have is no error: the thread runs where it may.
  explicit Threads(const Seating& seating);
  ~Threads();
  uint32_t count() const { return count_; }
  uint32_t nodes() const { return nodes_; }

  template <class F>
  void run(uint64_t tasks, const F& f) {
    if (count_ == 1 || tasks <= 1) {
      for (uint64_t task = 0; task < tasks; ++task) f(task, 0u);
      return;
    }
    run_together(static_cast<uint32_t>(tasks), nullptr, nullptr, &call<F>, &f);
  }

  // home(task) is the node, below nodes(), whose memory the task reads; it is asked twice. Threads take tasks of their
  // own node, and those of others when it has no more. On one node this is run(tasks, f).
  template <class Home, class F>
  void run(uint64_t tasks, const Home& home, const F& f) {
    if (nodes_ == 1 || count_ == 1 || tasks <= 1) return run(tasks, f);
    run_together(static_cast<uint32_t>(tasks), &ask<Home>, &home, &call<F>, &f);
  }

 private:
  using Call = void (*)(const void* f, uint64_t task, uint32_t thread);
  using HomeOf = uint32_t (*)(const void* home, uint64_t task);
  struct Shared;  // what workers touch

  template <class F>
  static void call(const void* f, uint64_t task, uint32_t thread) {
    (*static_cast<const F*>(f))(task, thread);
  }
  template <class Home>
  static uint32_t ask(const void* home, uint64_t task) {
    return (*static_cast<const Home*>(home))(task);
  }
  void stop();
  void make_room_for_caller();
  void run_together(uint32_t tasks, HomeOf home_of, const void* home, Call entry, const void* f);

  const uint32_t count_, nodes_;
  std::unique_ptr<Shared> shared_;
  std::vector<std::thread> workers_;
};

}  // namespace grok1::cpu

#endif
