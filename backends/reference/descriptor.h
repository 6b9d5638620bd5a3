// The reference as a backend linked into a program: its descriptor, without a plugin's entry symbol and note, which
// entry.cpp adds for the shared library.
#ifndef GROK1_BACKENDS_REFERENCE_DESCRIPTOR_H
#define GROK1_BACKENDS_REFERENCE_DESCRIPTOR_H

#include "grok1_backend.h"

namespace grok1::reference {

constexpr char kId[] = "reference";
constexpr char kVendor[] = "grok1";
constexpr char kVersion[] = "0.1.0";

grok1_status open(const grok1_backend_host* host, grok1_backend** backend, const grok1_backend_ops** ops,
                  grok1_error* err);

}  // namespace grok1::reference

extern "C" const grok1_backend_descriptor grok1_reference_descriptor;

#endif
