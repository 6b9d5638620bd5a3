# The gate's and the up projection's weights swapped.
# in: backends/gpu/moe_experts.cpp
s/experts\.gate = layer\.gate->matrix/experts.gate = layer.up->matrix/
s/experts\.up = layer\.up->matrix/experts.up = layer.gate->matrix/
