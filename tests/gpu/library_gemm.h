// The matrix product of the vendor's own library, as a yardstick. library_gemm_cublaslt.cpp defines it where its
// header is installed, otherwise library_gemm_none.cpp does.
#ifndef GROK1_TESTS_GPU_LIBRARY_GEMM_H
#define GROK1_TESTS_GPU_LIBRARY_GEMM_H

#include <cstdint>
#include <functional>

#include "vendor/runtime.h"

namespace probes {

enum class Element { bf16, i8 };

struct Gemm {
  const void *a, *b;  // [n, n] each
  void* c;            // [n, n]: float of bf16, int32 of int8
  uint64_t n;
};

// What enqueues C = A B^T. Throws std::runtime_error that says why there is none.
std::function<void()> library_gemm(Element element, const Gemm& gemm, gpu::Stream stream);

}  // namespace probes

#endif
