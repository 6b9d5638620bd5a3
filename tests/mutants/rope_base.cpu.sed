# Rope base 100000, as some converted configs have it.
# in: backends/contract/step.cpp
s/std::pow(double{model\.rope_base}/std::pow(10 * double{model.rope_base}/
