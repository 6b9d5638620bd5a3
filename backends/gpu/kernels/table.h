// The launchers of a variant, by file: what the table of kernels.h is filled with.
#ifndef GROK1_BACKENDS_GPU_KERNELS_TABLE_H
#define GROK1_BACKENDS_GPU_KERNELS_TABLE_H

#include "backends/gpu/kernels/kernels.h"

namespace grok1::accel::GROK1_GPU_VARIANT {

// pack.cpp
void pack(const PackArgs& args, gpu::Stream stream);
void pack_scales(const PackScalesArgs& args, gpu::Stream stream);
// norm.cpp
void norm(const NormArgs& args, gpu::Stream stream);
void route(const RouteArgs& args, gpu::Stream stream);
void quantise(const QuantiseArgs& args, gpu::Stream stream);
// linear.cpp
void multiply(const MultiplyArgs& args, gpu::Stream stream);
void project(const ProjectArgs& args, gpu::Stream stream);
// attention.cpp
void attend(const AttendArgs& args, gpu::Stream stream);
// experts.cpp
void experts(const ExpertsArgs& args, gpu::Stream stream);
// pages.cpp
void copy_pages(const CopyPagesArgs& args, gpu::Stream stream);
void export_page(const PageArgs& args, gpu::Stream stream);
void import_page(const PageArgs& args, gpu::Stream stream);
// rows.cpp
void add(float* y, const float* x, uint64_t count, gpu::Stream stream);
void copy_rows(float* to, const float* from, uint32_t n_rows, uint32_t d, uint32_t stride, gpu::Stream stream);

extern const Kernels kKernels;  // table.cpp

}  // namespace grok1::accel::GROK1_GPU_VARIANT

#endif
