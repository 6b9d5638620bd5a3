# Q4_K, Q5_K: the high two bits of a minimum taken from the byte of its scale.
# in: encodings/scales_6.h
s/(minimum_high >> 6) << 4/(scale_high >> 6) << 4/
