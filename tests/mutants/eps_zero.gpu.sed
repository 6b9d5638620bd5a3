# The norms' epsilon left out.
# in: backends/gpu/kernels/norm.cpp
s/static_cast<float>(d) + eps/static_cast<float>(d) + 0 * eps/
