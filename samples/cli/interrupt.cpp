// The signal handler: one call that grok1.h allows in a handler.
#include "interrupt.h"

#include <atomic>

namespace cli {
namespace {

std::atomic<grok1_cancel*> current{nullptr};
static_assert(std::atomic<grok1_cancel*>::is_always_lock_free, "a signal handler reads it");

void on_interrupt(int) {
  grok1_cancel_request(current.load());
}

}  // namespace

Interrupt::Interrupt() : cancel_(make<Cancel>([](auto** out, auto* err) { return grok1_cancel_create(out, err); })) {
  current.store(cancel_.get());
  struct sigaction action = {};
  action.sa_handler = on_interrupt;
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, &former_);
}

Interrupt::~Interrupt() {
  sigaction(SIGINT, &former_, nullptr);
  current.store(nullptr);
}

}  // namespace cli
