# Only the best expert used.
# in: backends/reference/moe_route.cpp
s/= float(\*best);/= i == 0 ? float(*best) : 0.0f;/
