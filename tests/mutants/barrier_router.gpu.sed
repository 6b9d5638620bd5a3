# Routing: no barrier between the router's sums and the choice.
# in: backends/gpu/kernels/norm.cpp
/^  router_sums(r, x, sums);/{
n
d
}
