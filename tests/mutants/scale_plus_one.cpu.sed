# Norm scales taken as offsets from one.
# in: backends/cpu/kernels/rows.h
s/const Float16 s = load_lanes<E>(scale + i \* kBytesOf<E>, lanes);/const Float16 s = add(set(1.0f), load_lanes<E>(scale + i * kBytesOf<E>, lanes));/
