# Q6_K: the scale of a group taken as unsigned.
# in: encodings/q6_k.h
s/float(int8_t(block\[192 + group\]))/float(block[192 + group])/
