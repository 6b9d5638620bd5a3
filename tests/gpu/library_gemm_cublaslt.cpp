// cuBLASLt, opened when it is asked for: half a gigabyte that not every machine with a GPU has.
#include "library_gemm.h"

#include <cublasLt.h>
#include <dlfcn.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace probes {
namespace {

constexpr size_t kWorkspace = size_t{64} << 20;

void check(cublasStatus_t status, const char* doing) {
  if (status != CUBLAS_STATUS_SUCCESS)
    throw std::runtime_error(std::string("cuBLASLt: ") + doing + " failed with " + std::to_string(status));
}

void* library() {
  const std::string name = "libcublasLt.so." + std::to_string(CUBLAS_VER_MAJOR);
  void* opened = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (opened == nullptr) throw std::runtime_error(dlerror());
  return opened;
}

template <class Function>
Function find(void* opened, const char* name) {
  void* found = dlsym(opened, name);
  if (found == nullptr) throw std::runtime_error(dlerror());
  return reinterpret_cast<Function>(found);
}

// NVIDIA's own declarations give the types.
#define FUNCTION(name) decltype(&::name) name = find<decltype(&::name)>(opened, #name)
struct Functions {
  void* opened = library();
  FUNCTION(cublasLtCreate);
  FUNCTION(cublasLtMatmulDescCreate);
  FUNCTION(cublasLtMatmulDescSetAttribute);
  FUNCTION(cublasLtMatrixLayoutCreate);
  FUNCTION(cublasLtMatmulPreferenceCreate);
  FUNCTION(cublasLtMatmulPreferenceSetAttribute);
  FUNCTION(cublasLtMatmulAlgoGetHeuristic);
  FUNCTION(cublasLtMatmul);
};
#undef FUNCTION

// Made once for each element and never freed: the program ends soon after.
struct Product {
  Functions lt;
  cublasLtHandle_t handle = nullptr;
  cublasLtMatmulDesc_t desc = nullptr;
  cublasLtMatrixLayout_t in = nullptr, out = nullptr;
  cublasLtMatmulPreference_t preference = nullptr;
  cublasLtMatmulHeuristicResult_t best{};
  void* workspace = gpu::allocate(kWorkspace);
  union {
    float f;
    int32_t i;
  } one{}, zero{};

  Product(Element element, uint64_t n) {
    const bool i8 = element == Element::i8;
    if (i8)
      one.i = 1;
    else
      one.f = 1;
    check(lt.cublasLtCreate(&handle), "its start");
    check(
        lt.cublasLtMatmulDescCreate(&desc, i8 ? CUBLAS_COMPUTE_32I : CUBLAS_COMPUTE_32F, i8 ? CUDA_R_32I : CUDA_R_32F),
        "describing the product");
    // Its matrices are column by column, ours row by row: its A^T B is our A B^T, transposed. The only form for int8.
    const cublasOperation_t transposed = CUBLAS_OP_T;
    check(lt.cublasLtMatmulDescSetAttribute(desc, CUBLASLT_MATMUL_DESC_TRANSA, &transposed, sizeof transposed),
          "describing the product");
    const auto size = static_cast<int64_t>(n);
    check(lt.cublasLtMatrixLayoutCreate(&in, i8 ? CUDA_R_8I : CUDA_R_16BF, n, n, size), "describing a matrix");
    check(lt.cublasLtMatrixLayoutCreate(&out, i8 ? CUDA_R_32I : CUDA_R_32F, n, n, size), "describing a matrix");
    check(lt.cublasLtMatmulPreferenceCreate(&preference), "describing the workspace");
    check(lt.cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &kWorkspace,
                                                  sizeof kWorkspace),
          "describing the workspace");
    int found = 0;
    check(lt.cublasLtMatmulAlgoGetHeuristic(handle, desc, in, in, out, out, preference, 1, &best, &found),
          "choosing an algorithm");
    if (found == 0) throw std::runtime_error("cuBLASLt: has no algorithm");
  }
};

}  // namespace

std::function<void()> library_gemm(Element element, const Gemm& gemm, gpu::Stream stream) {
  return [p = std::make_shared<Product>(element, gemm.n), gemm, stream] {
    check(p->lt.cublasLtMatmul(p->handle, p->desc, &p->one, gemm.b, p->in, gemm.a, p->in, &p->zero, gemm.c, p->out,
                               gemm.c, p->out, &p->best.algo, p->workspace, kWorkspace, stream),
          "the product");
  };
}

}  // namespace probes
