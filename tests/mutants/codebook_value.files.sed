# IQ4: a value of the codebook off by one.
# in: encodings/iq4.h
s/-104, -83, -65/-104, -84, -65/
