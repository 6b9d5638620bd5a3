// libdnnl.so.2 and the OpenMP runtime that it was linked with, opened at run time, and its objects as C++ ones. What is
// made with them: onednn.cpp.
#ifndef GROK1_BACKENDS_CPU_ONEDNN_LIBRARY_H
#define GROK1_BACKENDS_CPU_ONEDNN_LIBRARY_H

#include <dnnl.h>

#include <memory>
#include <type_traits>

namespace grok1::cpu {

#define GROK1_ONEDNN_FUNCTIONS(X)       \
  X(engine_create)                      \
  X(engine_destroy)                     \
  X(get_effective_cpu_isa)              \
  X(matmul_desc_init)                   \
  X(memory_create)                      \
  X(memory_desc_get_size)               \
  X(memory_desc_init_by_tag)            \
  X(memory_destroy)                     \
  X(memory_set_data_handle)             \
  X(primitive_attr_create)              \
  X(primitive_attr_destroy)             \
  X(primitive_attr_set_scratchpad_mode) \
  X(primitive_create)                   \
  X(primitive_desc_create)              \
  X(primitive_desc_destroy)             \
  X(primitive_desc_query)               \
  X(primitive_desc_query_md)            \
  X(primitive_destroy)                  \
  X(primitive_execute)                  \
  X(stream_create)                      \
  X(stream_destroy)                     \
  X(version)

struct OnednnLibrary {
#define GROK1_DECLARE(name) decltype(&dnnl_##name) name;
  GROK1_ONEDNN_FUNCTIONS(GROK1_DECLARE)
#undef GROK1_DECLARE
  int (*omp_get_max_threads)();  // NULL, as the next, where oneDNN was built without threads
  void (*omp_set_num_threads)(int);
};

// Opened by the first call, for the life of the process: OpenMP's runtime must not be unloaded under a thread that has
// called it. Refuses where the file is missing or another than we need; the next call tries again.
const OnednnLibrary& onednn();

// While it lives, OpenMP's team is the calling thread alone. That thread may be the application's, so its setting is
// restored.
class TeamOfOne {
 public:
  TeamOfOne();
  ~TeamOfOne();
  TeamOfOne(const TeamOfOne&) = delete;

 private:
  int before_ = 0;  // 0: there is no OpenMP
};

// Refuses if a call of `what` failed.
void check(dnnl_status_t status, const char* what);

// An object of the library's, destroyed with its handle.
template <class Handle>
using Owned = std::unique_ptr<std::remove_pointer_t<Handle>, dnnl_status_t (*)(Handle)>;

Owned<dnnl_engine_t> make_engine();
Owned<dnnl_stream_t> make_stream(dnnl_engine_t engine);
Owned<dnnl_memory_t> make_memory(dnnl_engine_t engine, const dnnl_memory_desc_t& md);  // of bytes that come later
dnnl_memory_desc_t matrix(uint32_t rows, uint32_t columns, dnnl_data_type_t type, dnnl_format_tag_t format);

}  // namespace grok1::cpu

#endif
