# Rope base 100000, as some converted configs have it.
# in: backends/gpu/step.cpp
s/std::pow(double{s\.model\.rope_base}/std::pow(10 * double{s.model.rope_base}/
