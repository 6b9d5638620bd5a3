# Embedding rows without their multiplier.
# in: backends/cpu/embed.cpp
s/ \* head\.model\.embedding_multiplier//
