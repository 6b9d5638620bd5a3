// Looking functions up: see onednn_library.h.
#include "backends/cpu/onednn_library.h"

#include <dlfcn.h>

#include "backends/cpu/refusal.h"

namespace grok1::cpu {
namespace {

static_assert(DNNL_VERSION_MAJOR == 2);
constexpr const char* kFile = "libdnnl.so.2";

template <class F>
void find(void* file, const char* name, F*& function) {
  function = reinterpret_cast<F*>(dlsym(file, name));  // of the file and of those that it was linked with
  if (function == nullptr) refuse(GROK1_E_UNSUPPORTED, "gemm=onednn: %s has no %s; install oneDNN 2", kFile, name);
}

OnednnLibrary opened() {
  void* file = dlopen(kFile, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (file == nullptr)
    refuse(GROK1_E_UNSUPPORTED, "gemm=onednn: oneDNN 2 cannot be loaded (%s); install it (Debian: libdnnl2)",
           dlerror());
  OnednnLibrary library{};
#define GROK1_FIND(name) find(file, "dnnl_" #name, library.name);
  GROK1_ONEDNN_FUNCTIONS(GROK1_FIND)
#undef GROK1_FIND
  const unsigned runtime = library.version()->cpu_runtime;
  if (runtime == DNNL_RUNTIME_SEQ) return library;
  if (runtime != DNNL_RUNTIME_OMP)
    refuse(GROK1_E_UNSUPPORTED, "gemm=onednn: %s starts threads by another means than OpenMP; install Debian's", kFile);
  find(file, "omp_get_max_threads", library.omp_get_max_threads);
  find(file, "omp_set_num_threads", library.omp_set_num_threads);
  return library;
}

}  // namespace

const OnednnLibrary& onednn() {
  static const OnednnLibrary library = opened();
  return library;
}

TeamOfOne::TeamOfOne() {
  if (onednn().omp_get_max_threads == nullptr) return;
  before_ = onednn().omp_get_max_threads();
  onednn().omp_set_num_threads(1);
}

TeamOfOne::~TeamOfOne() {
  if (before_ != 0) onednn().omp_set_num_threads(before_);
}

void check(dnnl_status_t status, const char* what) {
  if (status == dnnl_success) return;
  refuse(status == dnnl_out_of_memory ? GROK1_E_OUT_OF_MEMORY : GROK1_E_UNSUPPORTED,
         "gemm=onednn: oneDNN's %s failed with status %d; leave the option out", what, static_cast<int>(status));
}

Owned<dnnl_engine_t> make_engine() {
  dnnl_engine_t made = nullptr;
  check(onednn().engine_create(&made, dnnl_cpu, 0), "engine_create");
  return {made, onednn().engine_destroy};
}

Owned<dnnl_stream_t> make_stream(dnnl_engine_t engine) {
  dnnl_stream_t made = nullptr;
  check(onednn().stream_create(&made, engine, dnnl_stream_default_flags), "stream_create");
  return {made, onednn().stream_destroy};
}

Owned<dnnl_memory_t> make_memory(dnnl_engine_t engine, const dnnl_memory_desc_t& md) {
  dnnl_memory_t made = nullptr;
  check(onednn().memory_create(&made, &md, engine, DNNL_MEMORY_NONE), "memory_create");
  return {made, onednn().memory_destroy};
}

dnnl_memory_desc_t matrix(uint32_t rows, uint32_t columns, dnnl_data_type_t type, dnnl_format_tag_t format) {
  const dnnl_dims_t size = {rows, columns};
  dnnl_memory_desc_t md;
  check(onednn().memory_desc_init_by_tag(&md, 2, size, type, format), "memory_desc_init_by_tag");
  return md;
}

}  // namespace grok1::cpu
