# The experts of a panel: the second one's hidden rows are read from where the first one's lie.
# in: backends/cpu/moe_experts.cpp
s/part_of(hidden, at, segment\.count)/part_of(hidden, 0, segment.count)/
