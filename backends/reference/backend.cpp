// The reference backend: the meaning of every operator as plain loops with double accumulation, one thread, each call
// done when it returns. Between operators values are float32, inside each everything is double. It is the oracle of the
// conformance suite and is used only when named. This file holds the operator table
// and the descriptor; entry.cpp is the plugin's entry.
#include <cstring>

#include "backends/reference/descriptor.h"
#include "backends/reference/inputs.h"
#include "backends/reference/refusal.h"
#include "backends/reference/table.h"

namespace grok1::reference {
namespace {

struct Backend {
  char unused = 0;
};

const void* GROK1_CALL get_extension(grok1_backend*, const char* id) {
  return id != nullptr && std::strcmp(id, "grok1.inputs/1") == 0 ? &kInputsOps : nullptr;
}

constexpr grok1_backend_ops kOps = [] {
  grok1_backend_ops ops{};
  ops.struct_size = sizeof ops;
  GROK1_TABLE_FUNCTIONS(GROK1_FILL_SLOT)
  ops.get_extension = get_extension;
  return ops;
}();

}  // namespace

void close(grok1_backend* backend) {
  delete reinterpret_cast<Backend*>(backend);
}

grok1_status open(const grok1_backend_host* host, grok1_backend** backend, const grok1_backend_ops** ops,
                  grok1_error* err) {
  return guarded(err, [&] {
    given(host, "host");
    given(ops, "ops");
    given(backend, "backend");
    hand_out(backend, new Backend);
    *ops = &kOps;
  });
}

}  // namespace grok1::reference

const grok1_backend_descriptor grok1_reference_descriptor = {
    sizeof(grok1_backend_descriptor), GROK1_BACKEND_MAGIC,         GROK1_BACKEND_ABI_MAJOR,
    GROK1_BACKEND_ABI_MINOR,          GROK1_BACKEND_EXPLICIT_ONLY, grok1::reference::kId,
    grok1::reference::kVendor,        grok1::reference::kVersion,  grok1::reference::open};
