# The chosen experts' gates made to sum up to one.
# in: backends/cpu/moe_route.cpp
/gates\[i\] = static_cast<float>(p\[best\]);/{
n
a\
  float sum = 0;\
  for (uint32_t i = 0; i < used; ++i) sum += gates[i];\
  for (uint32_t i = 0; i < used; ++i) gates[i] /= sum;
}
