# The router's sums capped as attention's are.
# in: backends/reference/moe_route.cpp
s/^      softmax(p);/      for (double\& value : p) value = 30 * std::tanh(value \/ 30);\n      softmax(p);/
