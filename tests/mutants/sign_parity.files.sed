# IQ2, IQ3: the eighth sign is never negative.
# in: encodings/signs.h
s/return uint8_t(seven_bits | .*/return uint8_t(seven_bits);/
