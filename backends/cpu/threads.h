// A pool of threads of one device: run(n, f) calls f(task, thread) once for every task below n, thread 0 being the
// caller, and returns when all have ended. Which thread takes which task is chance, so f must not let it matter.
// Between runs workers look for work for some microseconds, then sleep. Two callers take turns.
#ifndef GROK1_BACKENDS_CPU_THREADS_H
#define GROK1_BACKENDS_CPU_THREADS_H

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace grok1::cpu {

class Threads {
 public:
  explicit Threads(uint32_t count);  // starts count - 1 threads; refuses if the system does
  ~Threads();
  uint32_t count() const { return count_; }

  template <class F>
  void run(uint64_t tasks, const F& f) {
    if (count_ == 1 || tasks <= 1) {
      for (uint64_t task = 0; task < tasks; ++task) f(task, 0u);
      return;
    }
    run_together(static_cast<uint32_t>(tasks), &call<F>, &f);
  }

 private:
  using Call = void (*)(const void* f, uint64_t task, uint32_t thread);
  struct Shared;  // what workers touch

  template <class F>
  static void call(const void* f, uint64_t task, uint32_t thread) {
    (*static_cast<const F*>(f))(task, thread);
  }
  void stop();
  void run_together(uint32_t tasks, Call entry, const void* f);

  const uint32_t count_;
  std::unique_ptr<Shared> shared_;
  std::vector<std::thread> workers_;
};

}  // namespace grok1::cpu

#endif
