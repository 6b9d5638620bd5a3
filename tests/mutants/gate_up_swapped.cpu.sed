# The gate's and the up projection's weights swapped.
# in: backends/cpu/moe_experts.cpp
s/{layer\.gate, segment\.expert, rows, s\.gate/{layer.up, segment.expert, rows, s.gate/
s/{layer\.up, segment\.expert, rows, s\.up/{layer.gate, segment.expert, rows, s.up/
