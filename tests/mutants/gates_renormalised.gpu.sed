# The chosen experts' gates made to sum up to one.
# in: backends/gpu/kernels/norm.cpp
/^GPU_DEVICE void choose(/,/^}/{
/^}/i\
  float all = 0;\
  float* gates = r.gates + uint64_t{row} * r.used;\
  for (uint32_t i = 0; i < r.used; ++i) all += gpu::load(gates + i);\
  for (uint32_t i = 0; i < r.used; ++i) gpu::store(gates + i, gpu::load(gates + i) / all);
}
