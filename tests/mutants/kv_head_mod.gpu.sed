# Query head h reads kv head h mod kv_heads instead of h / group.
# in: backends/gpu/kernels/attention.cpp
/^GPU_DEVICE void load_queries(/i\
GPU_DEVICE uint32_t query_head(const AttendArgs\& a, const Unit\& u, uint32_t h) {\
  return (u.head % a.group() + h) * a.heads.kv_heads + u.kv_head;\
}\

s/const float\* q = a\.heads\.q + (uint64_t{u\.row} \* a\.heads\.q_heads + u\.head) \* a\.heads\.dim;/const float* q = a.heads.q + uint64_t{u.row} * a.heads.q_heads * a.heads.dim;/
s/s\.q\[i\] = gpu::load(q + i);/s.q[i] = gpu::load(q + query_head(a, u, i \/ a.heads.dim) * a.heads.dim + i % a.heads.dim);/
s/(u\.head + h) \* a\.heads\.dim + thread()/query_head(a, u, h) * a.heads.dim + thread()/
