# Rope base 100000, as some converted configs have it.
# in: backends/reference/attention.cpp
s/std::pow(double(m\.rope_base)/std::pow(10 * double(m.rope_base)/
