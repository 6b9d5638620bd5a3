# convert: the sum is the importance, whatever the number of tokens.
# in: core/convert/imatrix.cpp
s/sum = mean;/(void)mean;/
