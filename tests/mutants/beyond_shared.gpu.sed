# A sum over a shared array reads one element past its end.
# in: backends/gpu/kernels/numbers.h
s/for (uint32_t i = 0; i < kWaves; ++i) sum += shared\[i\];/for (uint32_t i = 0; i <= kWaves; ++i) sum += shared[i];/
