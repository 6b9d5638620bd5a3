// The model's numbers as backends are given them: their relations checked, and objects of one pass held to one model.
#ifndef GROK1_BACKENDS_CONTRACT_MODEL_H
#define GROK1_BACKENDS_CONTRACT_MODEL_H

#include "backends/contract/arguments.h"

namespace grok1::contract {

// A copy of a model's numbers.
grok1_model_desc checked_model(const grok1_model_desc* model);

// Refuses `name`, which was made for model `found`, if that is not the step's.
void check_same_model(const grok1_model_desc& step, const grok1_model_desc& found, const char* name);

}  // namespace grok1::contract

#endif
