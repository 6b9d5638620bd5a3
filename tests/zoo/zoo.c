/* A backend that does nothing, and by definitions of the build one that does one thing wrong. It has every function of
 * the table; those of devices refuse. CMakeLists.txt beside this file lists the animals, tests/unit/plugin says what
 * the registry must make of each. When its code runs at all, it says so in the environment: GROK1_ZOO_RAN_<id>. */
#include <stdlib.h>
#include <string.h>

#include "grok1_backend.h"

#ifndef ZOO_COUNT
#define ZOO_COUNT 1
#endif
#ifndef ZOO_COUNT_STATUS
#define ZOO_COUNT_STATUS GROK1_OK
#endif
#ifndef ZOO_OPEN_STATUS
#define ZOO_OPEN_STATUS GROK1_OK
#endif
#ifndef ZOO_DECLARED_ID
#define ZOO_DECLARED_ID ZOO_ID
#endif
#ifndef ZOO_HANDLE
#define ZOO_HANDLE malloc(1)
#endif
#ifndef ZOO_TABLE
#define ZOO_TABLE &table
#endif
#ifndef ZOO_TABLE_SIZE
#define ZOO_TABLE_SIZE sizeof(grok1_backend_ops)
#endif

static grok1_status GROK1_CALL refuse(void) {
  return GROK1_E_UNSUPPORTED;
}
static void GROK1_CALL zoo_close(grok1_backend* backend) {
  free(backend);
}

/* A negative status with its text, as every function of the table does it. */
static grok1_status answer(grok1_status status, grok1_error* err) {
  if (status != GROK1_OK) strcpy(err->message, "the zoo has no such thing");
  return status;
}

static grok1_status GROK1_CALL zoo_device_count(grok1_backend* backend, uint32_t* count, grok1_error* err) {
  (void)backend;
  if (ZOO_COUNT_STATUS == GROK1_OK) *count = ZOO_COUNT;
  return answer(ZOO_COUNT_STATUS, err);
}

#define REFUSES(slot) .slot = (__typeof__(((grok1_backend_ops*)0)->slot))(grok1_proc)refuse
__attribute__((unused)) static grok1_backend_ops table = {
    .struct_size = ZOO_TABLE_SIZE,
    .close = zoo_close,
    .device_count = zoo_device_count,
    /* clang-format off */
    REFUSES(device_info), REFUSES(device_open), REFUSES(device_close), REFUSES(supports), REFUSES(buffer_alloc),
    REFUSES(buffer_free), REFUSES(buffer_map), REFUSES(copy), REFUSES(fill), REFUSES(queue_create),
    REFUSES(queue_destroy), REFUSES(queue_sync), REFUSES(event_create), REFUSES(event_destroy), REFUSES(event_record),
    REFUSES(queue_wait), REFUSES(event_wait), REFUSES(weight_plan), REFUSES(weight_begin), REFUSES(weight_chunk),
    REFUSES(weight_end), REFUSES(weight_free), REFUSES(layer_bind), REFUSES(layer_free), REFUSES(lm_head_bind),
    REFUSES(lm_head_free), REFUSES(kv_plan), REFUSES(kv_create), REFUSES(kv_destroy), REFUSES(kv_copy_pages),
    REFUSES(kv_export), REFUSES(kv_import), REFUSES(step_plan), REFUSES(step_create), REFUSES(step_destroy),
    REFUSES(step_set), REFUSES(act_create), REFUSES(act_destroy), REFUSES(act_export), REFUSES(act_import),
    REFUSES(route_create), REFUSES(route_destroy), REFUSES(route_export), REFUSES(route_import), REFUSES(embed),
    REFUSES(attention), REFUSES(add_norm), REFUSES(moe_route), REFUSES(moe_experts), REFUSES(accumulate),
    REFUSES(logits),
    /* clang-format on */
};

__attribute__((unused)) static grok1_status GROK1_CALL zoo_open(const grok1_backend_host* host, grok1_backend** backend,
                                                                const grok1_backend_ops** ops, grok1_error* err) {
  if (ZOO_OPEN_STATUS != GROK1_OK) return answer(ZOO_OPEN_STATUS, err);
  host->log(host->context, GROK1_LOG_INFO, "the zoo is open", strlen("the zoo is open"));
  *backend = ZOO_HANDLE;
  *ops = ZOO_TABLE;
  return GROK1_OK;
}

#ifdef ZOO_UNDEFINED_SYMBOL
int grok1_zoo_nowhere(void);
#define ZOO_CALLS grok1_zoo_nowhere()
#elif defined(ZOO_MISSING_DEPENDENCY)
int zoo_absent(void); /* absent.c */
#define ZOO_CALLS zoo_absent()
#else
#define ZOO_CALLS (void)0
#endif

__attribute__((constructor)) static void run(void) {
  setenv("GROK1_ZOO_RAN_" ZOO_ID, "1", 1);
  ZOO_CALLS;
#ifdef ZOO_WITHOUT
  table.ZOO_WITHOUT = NULL;
#endif
}

/* GROK1_BACKEND_ENTRY takes these from the header; a faulty plugin has others. */
#ifdef ZOO_ABI_MAJOR
#undef GROK1_BACKEND_ABI_MAJOR
#define GROK1_BACKEND_ABI_MAJOR ZOO_ABI_MAJOR
#endif
#ifdef ZOO_CPU_LEVEL
#undef GROK1_BACKEND_CPU_LEVEL
#define GROK1_BACKEND_CPU_LEVEL ZOO_CPU_LEVEL
#endif

#ifdef ZOO_DESCRIPTOR /* a descriptor written by hand, with a right note unless ZOO_NO_NOTE */
#ifndef ZOO_NO_NOTE
__attribute__((used, aligned(4), section(".note.grok1"))) static const grok1_backend_note note = {
    6, 8, GROK1_BACKEND_NOTE, "grok1", GROK1_BACKEND_ABI_MAJOR, GROK1_BACKEND_ABI_MINOR, GROK1_BACKEND_CPU_LEVEL};
#endif
#ifdef ZOO_NO_ENTRY
__attribute__((visibility("default"))) extern const grok1_backend_descriptor another_name;
const grok1_backend_descriptor another_name = ZOO_DESCRIPTOR;
#else
__attribute__((visibility("default"))) extern const grok1_backend_descriptor grok1_backend_entry;
const grok1_backend_descriptor grok1_backend_entry = ZOO_DESCRIPTOR;
#endif
#else
GROK1_BACKEND_ENTRY(ZOO_DECLARED_ID, "zoo", "1.0", 0, zoo_open)
#endif
