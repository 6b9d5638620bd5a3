// Threads that share the tasks of one job after the other, with the caller as one of them. Knows nothing of what a task
// does; which thread does it must not matter.
#pragma once

#include <atomic>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace grok1 {

class Team {
 public:
  // `threads` in all, the caller's included.
  explicit Team(uint32_t threads);
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  uint32_t size() const { return static_cast<uint32_t>(threads_.size()) + 1; }

  // Calls task(member, i) once for each i below `n`; `between` on the caller's thread after each of its own tasks. What
  // either throws ends the job and is thrown here, when no task is running any more.
  void run(uint64_t n, const std::function<void(uint32_t member, uint64_t i)>& task,
           const std::function<void()>& between);

 private:
  void work(uint32_t member);
  void take_tasks(uint32_t member);
  void note_fault() noexcept;

  std::mutex mutex_;
  std::condition_variable begun_, done_;
  uint64_t job_ = 0;  // counts jobs
  uint32_t busy_ = 0;
  bool ending_ = false;
  std::exception_ptr fault_;

  const std::function<void(uint32_t, uint64_t)>* task_ = nullptr;
  const std::function<void()>* between_ = nullptr;
  uint64_t n_ = 0;
  std::atomic<uint64_t> next_{0};
  std::vector<std::thread> threads_;
};

}  // namespace grok1
