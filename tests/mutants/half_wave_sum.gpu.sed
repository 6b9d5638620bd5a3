# Sums of a wave over 32 lanes, whatever the wave has.
# in: backends/gpu/kernels/numbers.h
/^GPU_DEVICE float wave_sum(/,/^}/s/gpu::kWave \/ 2/16/
