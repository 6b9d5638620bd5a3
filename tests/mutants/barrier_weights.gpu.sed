# Attention: no barrier between the exponentials and the sums of V that they weigh.
# in: backends/gpu/kernels/attention.cpp
/^GPU_DEVICE void exponentials(/,/^}/{
/^  gpu::sync();/d
}
