# Norms: no barrier between the waves' sums and the block's.
# in: backends/gpu/kernels/numbers.h
/if (lane() == 0) shared\[wave()\] = value;/{
n
d
}
