# Norms: no barrier behind the block's sum; a wave that is ahead writes its next sum while others still read.
# in: backends/gpu/kernels/numbers.h
/for (uint32_t i = 0; i < kWaves; ++i) sum += shared\[i\];/{
n
d
}
