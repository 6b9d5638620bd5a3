// Ctrl-C as a cancel flag. While an Interrupt lives, the first SIGINT sets its flag, so that the library stops between
// two layers and the command can end in order; a second one kills the process as usual.
#pragma once

#include <csignal>

#include "handle.h"

namespace cli {

class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  grok1_cancel* flag() const { return cancel_.get(); }
  bool requested() const { return grok1_cancel_requested(cancel_.get()) != 0; }

 private:
  Cancel cancel_;
  struct sigaction former_;
};

}  // namespace cli
