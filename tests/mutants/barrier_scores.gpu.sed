# Attention: no barrier between a split's scores and their exponentials.
# in: backends/gpu/kernels/attention.cpp
/^    score<E>(/{
n
d
}
