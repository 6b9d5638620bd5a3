# The norms' epsilon left out.
# in: backends/cpu/kernels/rows.h
s/_mm_set_ss(mean + eps)/_mm_set_ss(mean + 0 * eps)/
