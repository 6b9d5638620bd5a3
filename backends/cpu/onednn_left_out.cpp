// What a build without oneDNN's header says: see onednn.h.
#include "backends/cpu/onednn.h"
#include "backends/cpu/refusal.h"

namespace grok1::cpu {

std::unique_ptr<Onednn> open_onednn(bool) {
  refuse(GROK1_E_UNSUPPORTED,
         "gemm=onednn: this plugin was built without oneDNN; install its header (Debian: libdnnl-dev) and build with "
         "GROK1_ONEDNN=ON, or leave the option out");
}

}  // namespace grok1::cpu
