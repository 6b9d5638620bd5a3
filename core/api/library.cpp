// Version, status names and experimental functions.
#include <cstring>

#include "core/api/handles.h"

using namespace grok1;

const char* grok1_status_name(grok1_status status) {
#define GROK1_CASE(name) \
  case name: return #name
  switch (status) {
    GROK1_CASE(GROK1_OK);
    GROK1_CASE(GROK1_E_INVALID_ARGUMENT);
    GROK1_CASE(GROK1_E_UNKNOWN_FIELD);
    GROK1_CASE(GROK1_E_OUT_OF_MEMORY);
    GROK1_CASE(GROK1_E_DOES_NOT_FIT);
    GROK1_CASE(GROK1_E_NOT_FOUND);
    GROK1_CASE(GROK1_E_IO);
    GROK1_CASE(GROK1_E_BAD_FILE);
    GROK1_CASE(GROK1_E_UNSUPPORTED);
    GROK1_CASE(GROK1_E_NO_BACKEND);
    GROK1_CASE(GROK1_E_BACKEND);
    GROK1_CASE(GROK1_E_DEVICE_LOST);
    GROK1_CASE(GROK1_E_BUSY);
    GROK1_CASE(GROK1_E_CANCELLED);
    GROK1_CASE(GROK1_E_CONTEXT_FULL);
    GROK1_CASE(GROK1_E_BUFFER_TOO_SMALL);
    GROK1_CASE(GROK1_E_NO_TOKENIZER);
    GROK1_CASE(GROK1_E_OUT_OF_RANGE);
    GROK1_CASE(GROK1_E_NO_WEIGHTS);
    GROK1_CASE(GROK1_E_DISK_FULL);
    GROK1_CASE(GROK1_E_FORKED);
    GROK1_CASE(GROK1_E_INTERNAL);
    GROK1_CASE(GROK1_E_EXISTS);
    GROK1_CASE(GROK1_S_STOPPED);
    GROK1_CASE(GROK1_S_CANCELLED);
    GROK1_CASE(GROK1_S_END_OF_TEXT);
    GROK1_CASE(GROK1_S_CONTEXT_FULL);
    default: return "unknown status";
  }
#undef GROK1_CASE
}

uint32_t grok1_version(void) {
  return GROK1_VERSION_MAJOR << 16 | GROK1_VERSION_MINOR << 8 | GROK1_VERSION_PATCH;
}

#define GROK1_TEXT_OF(number) #number
#define GROK1_TEXT(number) GROK1_TEXT_OF(number)
const char* grok1_version_text(void) {
  return GROK1_TEXT(GROK1_VERSION_MAJOR) "." GROK1_TEXT(GROK1_VERSION_MINOR) "." GROK1_TEXT(GROK1_VERSION_PATCH);
}

namespace {

grok1_status trace_x1(grok1_session* session, grok1_trace_fn_x1 trace, void* user, grok1_error* err) {
  return enter(err, [&] {
    Session& impl = *require(session, "session").impl;
    const Session::Use use(impl);
    impl.set_trace(trace, user);
  });
}

grok1_status profile_x1(grok1_session* session, uint64_t* spent, grok1_error* err) {
  return enter(err, [&] {
    Session& impl = *require(session, "session").impl;
    const Session::Use use(impl);
    impl.set_profile(spent);
  });
}

}  // namespace

grok1_proc grok1_get_proc(const char* name) {
  if (name == nullptr) return nullptr;
  if (std::strcmp(name, "trace_x1") == 0) return reinterpret_cast<grok1_proc>(&trace_x1);
  if (std::strcmp(name, "profile_x1") == 0) return reinterpret_cast<grok1_proc>(&profile_x1);
  return nullptr;
}
