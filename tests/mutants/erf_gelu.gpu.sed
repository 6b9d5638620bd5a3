# The exact GELU in place of the tanh approximation.
# in: backends/gpu/kernels/experts.cpp
/const float inner = /d
s/tanhf(inner)/erff(a * 0.70710678f)/
