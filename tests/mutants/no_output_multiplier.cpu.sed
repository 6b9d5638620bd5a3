# Logits without the output multiplier.
# in: backends/cpu/logits.cpp
s/step\.model\.output_multiplier/1.0f/
