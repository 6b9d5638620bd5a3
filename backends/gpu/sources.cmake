# The sources of the GPU plugins, for whoever compiles them: the host's by any C++ compiler, the kernels by a vendor's. Each
# kernel file is compiled with GROK1_GPU_VARIANT, the namespace of its launchers, and so is table.cpp.
include(${CMAKE_CURRENT_LIST_DIR}/../contract/sources.cmake)
set(GROK1_GPU_HOST_SOURCES ${GROK1_CONTRACT_SOURCES}
  backends/gpu/accumulate.cpp backends/gpu/add_norm.cpp backends/gpu/attention.cpp backends/gpu/backend.cpp
  backends/gpu/binding.cpp backends/gpu/buffer.cpp backends/gpu/comm.cpp backends/gpu/device.cpp backends/gpu/embed.cpp
  backends/gpu/kv.cpp backends/gpu/logits.cpp backends/gpu/moe_experts.cpp backends/gpu/moe_route.cpp
  backends/gpu/queue.cpp backends/gpu/refusal.cpp backends/gpu/rows.cpp backends/gpu/step.cpp backends/gpu/weights.cpp)
set(GROK1_GPU_KERNEL_SOURCES
  backends/gpu/kernels/attention.cpp backends/gpu/kernels/experts.cpp backends/gpu/kernels/linear.cpp
  backends/gpu/kernels/norm.cpp backends/gpu/kernels/pack.cpp backends/gpu/kernels/pages.cpp
  backends/gpu/kernels/rows.cpp)
# Where one table serves all devices; the emulator has two.
set(GROK1_GPU_ONE_VARIANT_SOURCES backends/gpu/one_variant.cpp backends/gpu/kernels/table.cpp)
