#include "core/convert/team.h"

#include "core/convert/worker.h"

namespace grok1 {

Team::Team(uint32_t threads) {
  for (uint32_t member = 1; member < threads; ++member) {
    try {
      threads_.push_back(start_worker([this, member] { work(member); }));
    } catch (const Failure&) {
      break;  // slower
    }
  }
}

Team::~Team() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  begun_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Team::work(uint32_t member) {
  uint64_t seen = 0;
  std::unique_lock lock(mutex_);
  for (;;) {
    begun_.wait(lock, [&] { return ending_ || job_ != seen; });
    if (ending_) return;
    seen = job_;
    lock.unlock();
    take_tasks(member);
    lock.lock();
    if (--busy_ == 0) done_.notify_one();
  }
}

void Team::take_tasks(uint32_t member) {
  try {
    for (uint64_t i; (i = next_.fetch_add(1, std::memory_order_relaxed)) < n_;) {
      (*task_)(member, i);
      if (member == 0) (*between_)();
    }
  } catch (...) {
    note_fault();
  }
}

void Team::note_fault() noexcept {
  next_.store(n_);
  const std::lock_guard lock(mutex_);
  if (!fault_) fault_ = std::current_exception();
}

void Team::run(uint64_t n, const std::function<void(uint32_t, uint64_t)>& task, const std::function<void()>& between) {
  const bool shared = n > 1 && !threads_.empty();  // a single task is not worth waking anybody
  {
    const std::lock_guard lock(mutex_);
    task_ = &task;
    between_ = &between;
    n_ = n;
    next_.store(0);
    fault_ = nullptr;
    busy_ = shared ? static_cast<uint32_t>(threads_.size()) : 0;
    if (shared) ++job_;
  }
  if (shared) begun_.notify_all();
  take_tasks(0);
  std::unique_lock lock(mutex_);
  done_.wait(lock, [&] { return busy_ == 0; });
  if (fault_) std::rethrow_exception(fault_);
}

}  // namespace grok1
