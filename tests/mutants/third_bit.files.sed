# Q3_K: the third bit set means 4 less.
# in: encodings/q3_k.h
s/+ 4 \* (third\[i\] >> (group \/ 2) & 1) - 4;/- 4 * (third[i] >> (group \/ 2) \& 1);/
