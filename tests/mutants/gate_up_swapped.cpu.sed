# The gate's and the up projection's weights swapped.
# in: backends/cpu/moe_experts.cpp
s/{{layer\.gate, expert, s\.gate, layer\.gate->n()}, {layer\.up, expert, s\.up, layer\.up->n()}}/{{layer.up, expert, s.gate, layer.up->n()}, {layer.gate, expert, s.up, layer.gate->n()}}/
