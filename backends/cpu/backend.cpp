// The CPU backend: threads of its own, weights used where the file is mapped, the same bits whatever the threads, batch
// or chunk (docs/numerics.md). Its queue is synchronous: a call has done its work when it returns. This file holds the
// operator table and the plugin's entry; what a device is, device.h.
#include <cstring>

#include "backends/cpu/device.h"
#include "backends/cpu/inputs.h"
#include "backends/cpu/measure.h"
#include "backends/cpu/table.h"

namespace grok1::cpu {
namespace {

const void* GROK1_CALL get_extension(grok1_backend*, const char* id) {
  if (id == nullptr) return nullptr;
  if (std::strcmp(id, "grok1.inputs/1") == 0) return &kInputsOps;
  return std::strcmp(id, "grok1.measure/1") == 0 ? &kMeasureOps : nullptr;
}

constexpr grok1_backend_ops kOps = [] {
  grok1_backend_ops ops{};
  ops.struct_size = sizeof ops;
  GROK1_TABLE_FUNCTIONS(GROK1_FILL_SLOT)
  ops.get_extension = get_extension;
  return ops;
}();

// The environment is read once, here: a runtime reads it when it is created.
grok1_status open(const grok1_backend_host* host, grok1_backend** backend, const grok1_backend_ops** ops,
                  grok1_error* err) {
  return guarded(err, [&] {
    given(host, "host");
    given(backend, "backend");
    given(ops, "ops");
    hand_out(backend, new Backend{forced_isa_of_environment(), host});
    *ops = &kOps;
  });
}

}  // namespace

void close(grok1_backend* backend) {
  delete reinterpret_cast<Backend*>(backend);
}

}  // namespace grok1::cpu

GROK1_BACKEND_ENTRY("cpu", "grok1", "0.1.0", 0, grok1::cpu::open)
