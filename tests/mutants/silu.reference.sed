# SiLU in place of GELU.
# in: backends/reference/moe_experts.cpp
s/return 0\.5 \* a \* (1 + std::tanh(root \* .*/return a \/ (1 + std::exp(-a)) + 0 * root;/
