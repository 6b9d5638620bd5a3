// Streams and events of the emulator. A stream is a list of work that nobody has waited for yet.
#ifndef GROK1_TESTS_GPU_EMU_STREAM_H
#define GROK1_TESTS_GPU_EMU_STREAM_H

#include <deque>
#include <functional>
#include <memory>

namespace gpu::emulator {

struct StreamState {
  int device;
  std::deque<std::function<void()>> work;
};

// A place in a stream's work.
struct Mark {
  StreamState* stream;
  bool reached = false;
};

struct EventState {
  int device;
  std::shared_ptr<Mark> mark;  // of the last record; NULL: never recorded
};

}  // namespace gpu::emulator

#endif
