// Probes on the device's own threads: each takes pieces of work as the operators' tasks are taken, again and again
// until the time is long enough to be read off a clock. What a piece does is in kernels/probe.h.
#include "backends/cpu/measure.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>

#include "backends/cpu/device.h"
#include "backends/cpu/memory.h"

namespace grok1::cpu {
namespace {

constexpr double kSeconds = 0.03;
constexpr uint64_t kPiece = uint64_t{1} << 20;  // bytes that a thread reads at a time
constexpr uint32_t kTasksPerThread = 4;

std::atomic<uint32_t> sink;  // results end here, so that no probe is left out

// Units per second of `tasks` tasks that do `units` of them together. The first run is not counted: it wakes threads,
// and lets the clock of wide registers settle.
template <class F>
double rate_of(Threads& threads, uint64_t tasks, double units, const F& f) {
  threads.run(tasks, f);
  const auto start = std::chrono::steady_clock::now();
  double done = 0, seconds = 0;
  while (seconds < kSeconds) {
    threads.run(tasks, f);
    done += units;
    seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  return done / seconds;
}

double read_rate(Device& device, uint64_t bytes) {
  if (bytes == 0) refuse(GROK1_E_INVALID_ARGUMENT, "bytes: at least 1 wanted, found 0");
  const uint64_t size = size_sum({bytes, kProbeBytes - 1}) / kProbeBytes * kProbeBytes;
  const Memory memory(size);
  const uint64_t pieces = (size + kPiece - 1) / kPiece;
  const auto size_of = [&](uint64_t piece) { return std::min(kPiece, size - piece * kPiece); };
  device.threads.run(pieces, [&](uint64_t piece, uint32_t) {  // pages of its own behind every address
    std::memset(memory.data() + piece * kPiece, 1, size_of(piece));
  });
  return rate_of(device.threads, pieces, static_cast<double>(size), [&](uint64_t piece, uint32_t) {
    sink += device.kernels.read(memory.data() + piece * kPiece, size_of(piece));
  });
}

double arithmetic_rate(Device& device, Probe (*probe)(), const char* what) {
  if (probe == nullptr)
    refuse(GROK1_E_UNSUPPORTED, "%s: the instruction set %s has no instruction for it", what, device.kernels.name);
  const uint64_t tasks = uint64_t{device.threads.count()} * kTasksPerThread;
  const double operations = probe().operations * static_cast<double>(tasks);
  return rate_of(device.threads, tasks, operations,
                 [&](uint64_t, uint32_t) { sink += static_cast<uint32_t>(probe().sum); });
}

double rate(Device& device, uint32_t what, uint64_t bytes) {
  switch (what) {
    case GROK1_MEASURE_READ: return read_rate(device, bytes);
    case GROK1_MEASURE_DOT_I8: return arithmetic_rate(device, device.kernels.dot_i8, "dot products of int8");
    case GROK1_MEASURE_DOT_I16: return arithmetic_rate(device, device.kernels.dot_i16, "dot products of int16");
    case GROK1_MEASURE_FMA: return arithmetic_rate(device, device.kernels.multiply_add, "multiply-adds");
    default: refuse(GROK1_E_UNSUPPORTED, "what: GROK1_MEASURE_* wanted, found %u", what);
  }
}

grok1_status measure(grok1_device* device, uint32_t what, uint64_t bytes, double* out, grok1_error* err) {
  return guarded(err, [&] {
    Device& self = object<Device>(device, "device");
    given(out, "rate") = rate(self, what, bytes);
  });
}

}  // namespace

const grok1_measure_ops kMeasureOps = {sizeof(grok1_measure_ops), 0, measure};

}  // namespace grok1::cpu
