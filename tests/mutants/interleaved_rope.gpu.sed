# Rope turns neighbouring dimensions instead of halves.
# in: backends/gpu/kernels/heads.h
/^GPU_DEVICE void finish_head(/,/^}/{
s/values + i + half/values + 2 * i + 1/g
s/values + i\([,)]\)/values + 2 * i\1/g
s/_at(token, i + half)/_at(token, 2 * i + 1)/
s/_at(token, i)/_at(token, 2 * i)/
}
