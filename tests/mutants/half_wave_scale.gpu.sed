# The largest input of a block over 32 lanes, whatever the wave has.
# in: backends/gpu/kernels/numbers.h
/^GPU_DEVICE uint32_t wave_max_bits(/,/^}/s/gpu::kWave \/ 2/16/
