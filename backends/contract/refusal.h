// How a call of a backend fails: refuse() throws where the fault is found, guarded() turns it into the status and text
// that the host sees, and lets no exception pass. Knows no operator; the checks of arguments are in arguments.h.
#ifndef GROK1_BACKENDS_CONTRACT_REFUSAL_H
#define GROK1_BACKENDS_CONTRACT_REFUSAL_H

#include <exception>
#include <new>

#include "grok1_backend.h"

namespace grok1::contract {

struct Refusal {
  grok1_status status;
  int32_t native_code;                         // the vendor's, 0 if it has no part in the failure
  char message[sizeof(grok1_error::message)];  // fixed, so that reporting "out of memory" needs none
};

[[noreturn]] __attribute__((format(printf, 2, 3))) void refuse(grok1_status status, const char* format, ...);

// Writes "backend: message".
grok1_status write_error(grok1_error* err, const char* backend, grok1_status status, const char* message,
                         int32_t code = 0) noexcept;

// Runs the body of a call. Each backend has a guarded() of two arguments that gives its name.
template <class Body>
grok1_status guarded(const char* backend, grok1_error* err, const Body& body) noexcept {
  try {
    body();
    return GROK1_OK;
  } catch (const Refusal& refusal) {
    return write_error(err, backend, refusal.status, refusal.message, refusal.native_code);
  } catch (const std::bad_alloc&) {
    return write_error(err, backend, GROK1_E_OUT_OF_MEMORY,
                       "the host has no memory left for a small allocation; free some");
  } catch (const std::exception& fault) {
    return write_error(err, backend, GROK1_E_INTERNAL, fault.what());
  } catch (...) {
    return write_error(err, backend, GROK1_E_INTERNAL, "an exception of unknown type; please report it");
  }
}

}  // namespace grok1::contract

#endif
