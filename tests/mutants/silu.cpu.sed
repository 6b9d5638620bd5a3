# SiLU in place of GELU.
# in: backends/cpu/kernels/functions.h
s/const Float16 u = mul(fma(cubic, a, a), set(-1\.5957691216f));/const Float16 u = fma(set(0.0f), cubic, mul(set(-1.0f), a));/
