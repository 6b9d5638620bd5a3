# The arrival counter is not 0 again for the next kernel.
# in: backends/gpu/kernels/numbers.h
/if (\*flag != 0) gpu::store(counter, 0);/d
