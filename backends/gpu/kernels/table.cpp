#include "backends/gpu/kernels/table.h"

namespace grok1::accel::GROK1_GPU_VARIANT {

const Kernels kKernels = {pack,   pack_scales, norm,       route,       quantise,    multiply, project,
                          attend, experts,     copy_pages, export_page, import_page, add,      copy_rows};

}  // namespace grok1::accel::GROK1_GPU_VARIANT
