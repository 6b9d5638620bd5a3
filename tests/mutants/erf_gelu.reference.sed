# The exact GELU in place of the tanh approximation.
# in: backends/reference/moe_experts.cpp
s/return 0\.5 \* a \* (1 + std::tanh(root \* .*/return 0.5 * a * (1 + std::erf(a \/ std::sqrt(2.0))) + 0 * root;/
