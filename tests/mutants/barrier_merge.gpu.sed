# Attention: no barrier between loading a split's part and merging it.
# in: backends/gpu/kernels/attention.cpp
/^GPU_DEVICE void load_part(/,/^}/{
/^  gpu::sync();/d
}
