// What the host side of backends/gpu needs of a vendor's runtime, here of the emulator's: devices, memory, copies,
// streams, events, and the text of errors. A file of the same name in backends/cuda/vendor and backends/rocm/vendor
// offers the same.
//
// Every function that fails throws Error. Functions of memory, streams and events work on the device that the calling
// thread has selected; what is enqueued on a stream of another device, or reaches memory of another, is an Error. Work
// on a stream runs when somebody waits for it, no earlier.
#ifndef GROK1_VENDOR_RUNTIME_H
#define GROK1_VENDOR_RUNTIME_H

#include <cstddef>
#include <cstdint>
#include <string>

#include "grok1_backend.h"

namespace gpu {

namespace emulator {
struct StreamState;
struct EventState;
}  // namespace emulator

inline constexpr char kId[] = "emu";  // in device strings and in the plugin's file name
inline constexpr char kVendor[] = "emulator";
inline constexpr uint32_t kFlags = GROK1_BACKEND_EXPLICIT_ONLY;

using Stream = emulator::StreamState*;
using Event = emulator::EventState*;

struct Grid {
  uint32_t x = 1, y = 1, z = 1;
};

struct Error {
  enum class Kind {
    kOutOfMemory,  // the device is as it was before
    kLost,         // nothing works on the device any more in this process
    kNoDevice,     // there is none: no driver, no hardware
    kDriverTooOld,
    kMissingLibrary,
    kOther
  };
  Kind kind;
  int code;  // the vendor's own; the emulator's is 1 + kind
  std::string text;
};

struct Properties {
  std::string name;  // for people
  uint64_t memory_total, memory_free;
  int wave;   // threads of a wave, as the kernels that run on it were compiled
  int units;  // multiprocessors
};

// How many devices this plugin's kernels can run on; 0 is an Error that says why.
int device_count();
Properties properties(int device);

// The calling thread's device, until the end of the scope; then what it was.
class Selected {
 public:
  explicit Selected(int device);
  ~Selected();
  Selected(const Selected&) = delete;
  Selected& operator=(const Selected&) = delete;

 private:
  int before_;
};

void* allocate(size_t size);          // on the device, aligned to 256; no address that host code can read
void release(void* memory) noexcept;  // NULL is ignored
void* allocate_pinned(size_t size);   // on the host, where the device copies from and to
void release_pinned(void* memory) noexcept;

// In the stream's order. Host memory is pinned and stays valid until the copy is done.
void copy_to_device(void* to, const void* from, size_t size, Stream stream);
void copy_to_host(void* to, const void* from, size_t size, Stream stream);
void copy_on_device(void* to, const void* from, size_t size, Stream stream);
// Between devices of this plugin; the stream belongs to the one that is selected.
void copy_between(void* to, int to_device, const void* from, int from_device, size_t size, Stream stream);
void fill(void* to, uint8_t value, size_t size, Stream stream);

Stream create_stream();
void destroy(Stream stream) noexcept;
void synchronize(Stream stream);

Event create_event();
void destroy(Event event) noexcept;
void record(Event event, Stream stream);
void wait(Stream stream, Event event);  // what is enqueued later waits
void synchronize(Event event);          // an event that was never recorded is done

void check_launch(const char* kernel);

}  // namespace gpu

#endif
