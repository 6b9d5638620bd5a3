// A thread of the library: born with every signal blocked, so that the application's handlers run on its own threads,
// and joined when its owner ends.
#pragma once

#include <signal.h>

#include <thread>

#include "core/base/failure.h"

namespace grok1 {

template <class Work>
std::thread start_worker(Work work) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    std::thread thread(std::move(work));
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return thread;
  } catch (const std::exception& fault) {
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    fail(GROK1_E_OUT_OF_MEMORY, "a thread could not be started: {}", fault.what());
  }
}

}  // namespace grok1
