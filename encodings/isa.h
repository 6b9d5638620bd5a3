// The name of the inline namespace that everything in this folder lives in. Inline functions and tables of one name are
// one thing to the linker, which keeps any of their compiled copies; a backend that compiles these headers for several
// instruction sets defines GROK1_ENCODINGS_ISA differently for each, so that no machine runs a copy it cannot run.
#pragma once

#ifndef GROK1_ENCODINGS_ISA
#define GROK1_ENCODINGS_ISA plain
#endif
