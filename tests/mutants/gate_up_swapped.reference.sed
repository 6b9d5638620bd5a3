# The gate's and the up projection's weights swapped.
# in: backends/reference/moe_experts.cpp
s/linear(\*layer\.gate, e, x, s\.gate/linear(*layer.up, e, x, s.gate/
s/linear(\*layer\.up, e, x, s\.up/linear(*layer.gate, e, x, s.up/
