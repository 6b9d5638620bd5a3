# The chosen experts' gates made to sum up to one.
# in: backends/reference/moe_route.cpp
/\*best = -1;/{
n
a\
      float sum = 0;\
      for (uint32_t i = 0; i < used; ++i) sum += route.gates[uint64_t(r) * used + i];\
      for (uint32_t i = 0; i < used; ++i) route.gates[uint64_t(r) * used + i] /= sum;
}
