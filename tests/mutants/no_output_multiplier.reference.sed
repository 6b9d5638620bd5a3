# Logits without the output multiplier.
# in: backends/reference/logits.cpp
s/dot \* step\.model\.output_multiplier/dot/
