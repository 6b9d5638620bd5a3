# Embedding rows without their multiplier.
# in: backends/reference/embed.cpp
s/ \* step\.model\.embedding_multiplier//
