# Norms: the next sum overwrites the waves' sums while they are still read.
# in: backends/gpu/kernels/numbers.h
/sum += shared\[i\];/{
n
d
}
