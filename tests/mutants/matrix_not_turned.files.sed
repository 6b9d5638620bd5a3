# convert: [K, N] is written as it lies.
# in: core/convert/rows.cpp
s/if (moved \&\& !matrix.is_kn)/if (moved)/
