# Only the best expert used.
# in: backends/cpu/moe_route.cpp
s/gates\[i\] = static_cast<float>(p\[best\]);/gates[i] = i == 0 ? static_cast<float>(p[best]) : 0.0f;/
