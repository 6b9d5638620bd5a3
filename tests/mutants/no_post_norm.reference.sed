# The operator's result added to h without its post-norm.
# in: backends/reference/add_norm.cpp
s/h_row\[i\] = float(h_row\[i\] + value)/h_row[i] += y[uint64_t(r) * d + i] + 0 * float(value)/
