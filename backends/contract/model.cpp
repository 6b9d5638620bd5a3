// A model's numbers: what grok1_model_desc promises.
#include "backends/contract/model.h"

namespace grok1::contract {

grok1_model_desc checked_model(const grok1_model_desc* model) {
  const grok1_model_desc& m = input(model, GROK1_TYPE_MODEL_DESC, "model");
  if (m.d_model == 0 || m.ffn == 0 || m.vocab_size == 0 || m.layers == 0 || m.context == 0)
    refuse(GROK1_E_INVALID_ARGUMENT,
           "model: d_model, ffn, vocab_size, layers and context are %u, %u, %u, %u, %u; none "
           "may be 0",
           m.d_model, m.ffn, m.vocab_size, m.layers, m.context);
  if (m.kv_heads == 0 || m.heads == 0 || m.heads % m.kv_heads != 0)
    refuse(GROK1_E_INVALID_ARGUMENT, "model: %u query heads are no multiple of %u kv heads", m.heads, m.kv_heads);
  if (m.head_dim == 0 || m.head_dim % 2 != 0)
    refuse(GROK1_E_INVALID_ARGUMENT, "model: head_dim is %u, wanted an even number", m.head_dim);
  if (m.experts_used == 0 || m.experts_used > m.experts || m.experts > 256)
    refuse(GROK1_E_INVALID_ARGUMENT, "model: %u of %u experts used; wanted 1 or more, and 256 experts at most",
           m.experts_used, m.experts);
  return m;
}

void check_same_model(const grok1_model_desc& step, const grok1_model_desc& found, const char* name) {
  const char *a = reinterpret_cast<const char*>(&step), *b = reinterpret_cast<const char*>(&found);
  if (std::memcmp(a + sizeof(grok1_head), b + sizeof(grok1_head), sizeof step - sizeof(grok1_head)) != 0)
    refuse(GROK1_E_INVALID_ARGUMENT, "%s was made for a model of other numbers than the step", name);
}

}  // namespace grok1::contract
