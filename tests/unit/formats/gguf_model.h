// Whole Grok-1 models as GGUF files for tests: a small one that is made up here, and any checkpoint turned into F32, in
// each of the ways in which such files name and group their tensors.
#pragma once

#include <string>
#include <vector>

#include "core/formats/tensor_source.h"
#include "core/tokenizer/tokenizer.h"
#include "tests/unit/formats/gguf_builder.h"

namespace grok1::test {

// One layer: width 32, 2 heads of 16, 1 kv head, ffn 32, 2 experts, 1 used, vocabulary 8; about 40 KB.
gguf::File small_gguf();

enum class Experts { kMerged, kSingle, kGateUp };

// The keys that Config has, and its tensors as F32.
gguf::File gguf_of(const TensorSource& source, Experts experts);

// The same tensors in `count` files of about as many tensors, as gguf-split makes them: keys in the first.
std::vector<gguf::File> split(const gguf::File& file, size_t count);

// Texts, scores and types as llama.cpp's converter writes them: user-defined pieces as ordinary ones if `as_normal`.
void add_vocabulary(gguf::File& file, const Tokenizer& tokenizer, bool as_normal);

}  // namespace grok1::test
