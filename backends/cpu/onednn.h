// Products of bytes by oneDNN (libdnnl.so.2), for tiles of many rows: an option of the device, gemm=onednn, because on
// some processors (AMX) it knows units that our kernels do not. The library is opened when a device first asks for it,
// so the plugin loads without it and a host that does not ask gets no OpenMP runtime. It only makes exact sums of
// integers (kernels/tile_gemm.h), so the option changes no bit. What it says to the outside is onednn.cpp, or
// onednn_left_out.cpp in builds without its header.
#ifndef GROK1_BACKENDS_CPU_ONEDNN_H
#define GROK1_BACKENDS_CPU_ONEDNN_H

#include <memory>

#include "backends/cpu/kernels/kernels.h"

namespace grok1::cpu {

constexpr uint32_t kGemmLeastRows = 32;  // fewer are quicker in our own tile, whose panels are not rounded up

// What one thread at a time may use, of a step.
class OnednnThread {
 public:
  virtual ~OnednnThread() = default;

  // As Kernels::tile, of an i8 matrix; `scratch` has Onednn::scratch_bytes(). False if the library failed, having no
  // memory, say: then y is not what it should be, and our own tile gives the same bits. Restores the OpenMP settings of
  // the calling thread, which may be the application's.
  virtual bool tile(const Kernels& kernels, const Matrix& w, const Rows& rows, uint32_t n_begin, uint32_t n_end,
                    float* y, uint64_t stride, char* scratch) = 0;
};

// Of a device: the library's kernels for every number of rows, shared by all threads.
class Onednn {
 public:
  virtual ~Onednn() = default;
  virtual uint64_t scratch_bytes() const = 0;  // of each thread
  virtual std::unique_ptr<OnednnThread> make_thread() const = 0;
};

// Refuses where the library is missing, of another version, or without a fast and exact kernel for this processor.
std::unique_ptr<Onednn> open_onednn(bool one_digit);

}  // namespace grok1::cpu

#endif
