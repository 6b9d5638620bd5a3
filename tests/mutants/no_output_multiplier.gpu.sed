# Logits without the output multiplier.
# in: backends/gpu/logits.cpp
s/call\.step\.model\.output_multiplier/1.0f/
