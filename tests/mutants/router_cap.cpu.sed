# The router's sums capped as attention's are.
# in: backends/cpu/moe_route.cpp
s/^  softmax(p, router\.n());/  for (uint32_t e = 0; e < router.n(); ++e) p[e] = 30 * std::tanh(p[e] \/ 30);\n  softmax(p, router.n());/
