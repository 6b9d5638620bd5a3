/* grok1.h - the application interface of grok1, a library that runs xAI's open-weights Grok-1.
 *
 * One include, one library (libgrok1.so), no start and no shutdown. Hardware backends are plugins that the library
 * finds and loads at run time; their interface is grok1_backend.h, which an application does not need.
 *
 * Conventions, stated once and true for every function:
 *  - Status. Every fallible function returns a grok1_status: 0 is success, negative is an error, positive is success
 *    with information (every out-parameter is valid). After an error the out-parameters are untouched except where
 *    the comment says otherwise, nothing needs to be cleaned up and every object stays usable.
 *  - Error text. The last parameter `err` may be NULL. If given, it is written by every call, success included.
 *  - Handles are opaque. A child holds a reference to its parent, so handles may be released in any order. Every
 *    *_release accepts NULL, may be called on any thread at any time, never blocks and never fails.
 *  - Structs are passed by pointer, begin with a grok1_head (grok1_error alone does not) and are initialised by
 *    GROK1_INIT(type). Zero in a field means its default, except where its comment says otherwise. Structs only ever
 *    grow at the end: see GROK1_INIT for how old and new meet.
 *  - Strings are UTF-8, paths too. As arguments: pointer and length in bytes, SIZE_MAX meaning "NUL-terminated". In
 *    structs: NUL-terminated. A returned string lives as long as the handle it came from.
 *  - Memory. Nothing returned must be freed by the caller. Functions that fill a caller's buffer take its capacity and
 *    report the size needed; a capacity of 0 asks for the size alone.
 *  - Callbacks run on the thread that made the call and never after it returned. A callback may call `signal` and
 *    `read` functions; any other call on the same object returns GROK1_E_BUSY.
 *  - Thread tags. `@thread any`: no restriction. `read`: any thread, also at the same time as others, as long as the
 *    handle is alive. `excl`: one call at a time per session (or per object, where it has none); a second is refused
 *    with GROK1_E_BUSY. `signal`: like any, and from a signal handler too.
 *  - Any function can return GROK1_E_INVALID_ARGUMENT, GROK1_E_OUT_OF_MEMORY, GROK1_E_UNKNOWN_FIELD (if it takes a
 *    struct) and GROK1_E_INTERNAL; a comment lists what it can return besides.
 *  - A token is an int32_t id in 0 .. vocab_size-1. Logits are float, one per id.
 *
 * The library never prints, never aborts, installs no signal handler and changes no locale, environment or working
 * directory. It reads environment variables once, when a runtime is created: GROK1_BACKEND_PATH (see
 * grok1_runtime_create) and GROK1_DEVICES (see grok1_model_options.devices), neither in a set-user-id program.
 * After fork() a child may only release handles; every other call on an inherited session returns GROK1_E_FORKED.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef GROK1_H
#define GROK1_H

#include <stddef.h>
#include <stdint.h>

#define GROK1_VERSION_MAJOR 0
#define GROK1_VERSION_MINOR 1
#define GROK1_VERSION_PATCH 0

#define GROK1_CALL /* the calling convention; empty on every supported platform */
#if defined(__GNUC__)
#define GROK1_API __attribute__((visibility("default")))
#else
#define GROK1_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Status and error ------------------------------------------------------------------------------------------ */

typedef int32_t grok1_status; /* 0 ok, < 0 error, > 0 information; the values never change */

enum {
  GROK1_OK = 0,

  GROK1_E_INVALID_ARGUMENT = -1, /* an argument is NULL, out of its range or contradicts another */
  GROK1_E_UNKNOWN_FIELD = -2,    /* a struct carries a field or a chained struct that this library does not know */
  GROK1_E_OUT_OF_MEMORY = -3,    /* host or device memory could not be allocated */
  GROK1_E_DOES_NOT_FIT = -4,     /* the plan needs more memory than the devices have */
  GROK1_E_NOT_FOUND = -5,        /* a file, directory, device or name does not exist */
  GROK1_E_IO = -6,               /* the operating system refused to read or map a file; native_code is errno */
  GROK1_E_BAD_FILE = -7,         /* a file's content is not what its format demands; offset says where */
  GROK1_E_UNSUPPORTED = -8,      /* well formed, but this library or the chosen backend cannot do it */
  GROK1_E_NO_BACKEND = -9,       /* no loaded backend offers the device asked for; see the load report */
  GROK1_E_BACKEND = -10,         /* a backend failed; native_code is its own code */
  GROK1_E_DEVICE_LOST = -11,     /* a device is gone: final for every session on it */
  GROK1_E_BUSY = -12,            /* an `excl` object is in use by another call */
  GROK1_E_CANCELLED = -13,       /* a load or decode was cancelled */
  GROK1_E_CONTEXT_FULL = -14,    /* a sequence, or the session's KV pool, has no room for the tokens */
  GROK1_E_BUFFER_TOO_SMALL = -15,/* the size out-parameter holds what is needed */
  GROK1_E_NO_TOKENIZER = -16,    /* text was asked of a model that came without a tokenizer */
  GROK1_E_OUT_OF_RANGE = -17,    /* an index or a token id past the end: how index getters end a loop */
  GROK1_E_NO_WEIGHTS = -18,      /* the model was opened by grok1_model_probe, which loads none */
  GROK1_E_DISK_FULL = -19,       /* no space left where a file is written */
  GROK1_E_FORKED = -20,          /* the session was created by another process, before fork() */
  GROK1_E_INTERNAL = -21,        /* a bug of this library; please report the message */
  GROK1_E_EXISTS = -22,          /* what was to be written is there already, or another's unfinished work is */

  GROK1_S_STOPPED = 1,     /* generate: the callback asked to stop */
  GROK1_S_CANCELLED = 2,   /* generate: cancelled; the text so far has been delivered */
  GROK1_S_END_OF_TEXT = 3, /* generate: the model produced its end-of-sequence token */
  GROK1_S_CONTEXT_FULL = 4 /* generate: ended because the context is full */
};

/* Where an error came from: grok1_error.source. */
enum {
  GROK1_SOURCE_NONE = 0,
  GROK1_SOURCE_LIBRARY = 1, /* this library's own checks */
  GROK1_SOURCE_FILE = 2,    /* a file's content; `offset` is a byte position in the file the message names */
  GROK1_SOURCE_SYSTEM = 3,  /* the operating system; `native_code` is errno */
  GROK1_SOURCE_BACKEND = 4  /* a backend; `native_code` is the vendor's code */
};

/* What went wrong, in words: what was wanted, what was found, what to do. Owned by the caller, written by the callee
 * without allocation. The only struct without a grok1_head. */
typedef struct grok1_error {
  uint32_t struct_size; /* sizeof(grok1_error), set by GROK1_INIT; above 65536 it was not set: nothing is written */
  grok1_status status;  /* the status that the call returned */
  int32_t native_code;  /* errno or a vendor's code, 0 if none */
  uint32_t source;      /* GROK1_SOURCE_* */
  uint64_t offset;      /* byte position in a file when source is GROK1_SOURCE_FILE, otherwise 0 */
  char message[1000];   /* NUL-terminated, never split inside a UTF-8 character; "" on success */
} grok1_error;

/* The name of a status, such as "GROK1_E_BAD_FILE"; "unknown status" for a value that is none. Static storage.
 * @thread any  @since 0.1 */
GROK1_API const char *GROK1_CALL grok1_status_name(grok1_status status);

/* ---- Struct head and initialisers ------------------------------------------------------------------------------ */

/* First member of every struct. GROK1_INIT fills it. `next` chains further structs that later versions may define;
 * a type that the library does not know is refused with GROK1_E_UNKNOWN_FIELD. */
typedef struct grok1_head {
  uint32_t struct_size; /* size the caller was compiled with */
  uint32_t type;        /* GROK1_TYPE_* of this struct */
  const void *next;     /* NULL, or a pointer to another struct that begins with a grok1_head */
} grok1_head;

enum {
  GROK1_TYPE_RUNTIME_OPTIONS = 1,
  GROK1_TYPE_LOAD_ENTRY = 2,
  GROK1_TYPE_DEVICE_INFO = 3,
  GROK1_TYPE_MODEL_OPTIONS = 4,
  GROK1_TYPE_PLAN = 5,
  GROK1_TYPE_MODEL_INFO = 6,
  GROK1_TYPE_TENSOR_INFO = 7,
  GROK1_TYPE_TOKENIZER_INFO = 8,
  GROK1_TYPE_PIECE_INFO = 9,
  GROK1_TYPE_SESSION_OPTIONS = 10,
  GROK1_TYPE_BATCH = 11,
  GROK1_TYPE_SAMPLER_OPTIONS = 12,
  GROK1_TYPE_GENERATE_OPTIONS = 13,
  GROK1_TYPE_STATS = 14,
  GROK1_TYPE_PLAN_DEVICE = 15,
  GROK1_TYPE_RATES = 16,
  GROK1_TYPE_CONVERT_OPTIONS = 17,
  GROK1_TYPE_CONVERT_REPORT = 18,
  GROK1_TYPE_VERIFY_OPTIONS = 19,
  GROK1_TYPE_VERIFY_REPORT = 20,
  GROK1_TYPE_FAULT = 21,
  GROK1_TYPE_ENCODING_FIT = 22,
  GROK1_TYPE_IMATRIX_OPTIONS = 23
};

/* GROK1_INIT(type) is a full initialiser: `grok1_batch b = GROK1_INIT(grok1_batch);`. Bindings zero the struct and set
 * struct_size and type instead, which means the same.
 * When caller and library are of different versions: fields that the caller's struct lacks are taken as zero; bytes of
 * an input struct beyond what the library knows must be zero, otherwise the call returns GROK1_E_UNKNOWN_FIELD; an
 * output struct is written as far as both know it and the rest of the caller's size is zeroed. */
#define GROK1_INIT(type) GROK1_INIT_##type

#define GROK1_INIT_grok1_error {sizeof(grok1_error), 0, 0, 0, 0, {0}}

/* Describes the layout of every public struct as this library was compiled, for bindings to compare with their own:
 * lines "struct NAME TYPE SIZE", "field NAME OFFSET SIZE" and "value NAME NUMBER", each ended by a newline. Decimal
 * numbers; fields follow their struct; TYPE is 0 for grok1_error and grok1_head. Static storage.
 * @thread any  @since 0.1 */
GROK1_API const char *GROK1_CALL grok1_abi_layout(void);

/* The version of the library at run time: major << 16 | minor << 8 | patch.
 * @thread any  @since 0.1 */
GROK1_API uint32_t GROK1_CALL grok1_version(void);

/* The same as text, "0.1.0". Static storage.
 * @thread any  @since 0.1 */
GROK1_API const char *GROK1_CALL grok1_version_text(void);

/* Finds an experimental function by name; experimental names end in _x1, _x2 ... and may vanish in any release. NULL if
 * there is none. Cast the result to the type given beside the name at the end of this header.
 * @thread any  @since 0.1 */
typedef void(GROK1_CALL *grok1_proc)(void);
GROK1_API grok1_proc GROK1_CALL grok1_get_proc(const char *name);

/* ---- Opaque handles -------------------------------------------------------------------------------------------- */

typedef struct grok1_runtime grok1_runtime;         /* the loaded backends and the log */
typedef struct grok1_cancel grok1_cancel;           /* a flag that stops loads, decodes and generations */
typedef struct grok1_model grok1_model;             /* weights on their devices, immutable, shared by sessions */
typedef struct grok1_tokenizer grok1_tokenizer;     /* text <-> tokens, immutable */
typedef struct grok1_detokenizer grok1_detokenizer; /* tokens -> text in whole characters, for streaming */
typedef struct grok1_session grok1_session;         /* a KV pool and scratch memory for one model */
typedef struct grok1_sequence grok1_sequence;       /* the tokens of one text and their KV pages */
typedef struct grok1_sampler grok1_sampler;         /* logits -> token */
typedef struct grok1_imatrix grok1_imatrix;         /* how much each input of each matrix matters, over a text */

/* ---- Runtime: backends and devices ----------------------------------------------------------------------------- */

struct grok1_backend_descriptor; /* grok1_backend.h */

enum { GROK1_LOG_ERROR = 1, GROK1_LOG_WARNING = 2, GROK1_LOG_INFO = 3, GROK1_LOG_DEBUG = 4 };

/* Receives one log message: `size` bytes without a newline, also NUL-terminated. Messages of worker threads are queued
 * and delivered on the thread of a call into the runtime or one of its children. */
typedef void(GROK1_CALL *grok1_log_fn)(void *user, int32_t level, const char *message, size_t size);

/* Asked before a plugin's file is loaded; `path` is absolute. Return 0 to allow it, anything else to refuse it
 * (GROK1_LOAD_VERIFY_DENIED). */
typedef int32_t(GROK1_CALL *grok1_verify_fn)(void *user, const char *path);

enum {
  GROK1_RUNTIME_NO_SEARCH = 1 /* use `backends` and `backend_paths` only: no environment, no directory is searched */
};

typedef struct grok1_runtime_options {
  grok1_head head;
  grok1_log_fn log; /* NULL: no messages */
  void *log_user;
  grok1_verify_fn verify; /* NULL: allow all */
  void *verify_user;
  const char *const *backend_paths; /* [n_backend_paths] plugin files that the caller vouches for, absolute or relative
                                       to the working directory; searched first */
  size_t n_backend_paths;
  const struct grok1_backend_descriptor *const *backends; /* [n_backends] backends linked into the program; they come
                                                             before any file */
  size_t n_backends;
  const char *disabled; /* comma-separated backend ids that must not be loaded; NULL: none */
  int32_t log_level;    /* most detailed GROK1_LOG_* to deliver; 0: GROK1_LOG_WARNING */
  uint32_t flags;       /* GROK1_RUNTIME_* */
} grok1_runtime_options;
#define GROK1_INIT_grok1_runtime_options \
  {{sizeof(grok1_runtime_options), GROK1_TYPE_RUNTIME_OPTIONS, NULL}, NULL, NULL, NULL, NULL, NULL, 0, NULL, 0, NULL, 0, 0}

/* Finds and loads the backends. A plugin that cannot be loaded is no error: the load report says why. Every file
 * libgrok1_*.so of these places is a candidate, in this order: `backend_paths`; the absolute directories of the
 * environment variable GROK1_BACKEND_PATH (colon-separated); the directory grok1/ beside libgrok1.so; the directory
 * compiled in at build time. Files of searched directories must belong, with their directory, to root, the user or the
 * owner of libgrok1.so and be writable by nobody else but the owner's own group.
 *   options  in, may be NULL.
 *   runtime  out, the caller's; grok1_runtime_release.
 * @thread any  @since 0.1 */
GROK1_API grok1_status GROK1_CALL grok1_runtime_create(const grok1_runtime_options *options, grok1_runtime **runtime,
                                                       grok1_error *err);

/* @thread any  @since 0.1 */
GROK1_API void GROK1_CALL grok1_runtime_release(grok1_runtime *runtime);

/* Why a candidate was loaded or not: grok1_load_entry.state. */
enum {
  GROK1_LOAD_LOADED = 0,             /* usable, with one device or more */
  GROK1_LOAD_NO_DEVICE = 1,          /* the backend works but found no device */
  GROK1_LOAD_DRIVER_TOO_OLD = 2,     /* a driver is there but older than the backend needs */
  GROK1_LOAD_MISSING_DEPENDENCY = 3, /* a shared library that the plugin needs is not installed */
  GROK1_LOAD_NOT_A_PLUGIN = 4,       /* not an ELF shared library, or one without a grok1 plugin note or entry */
  GROK1_LOAD_WRONG_ARCH = 5,         /* built for another machine */
  GROK1_LOAD_CPU_BASELINE = 6,       /* built for instructions that this CPU lacks */
  GROK1_LOAD_ABI_MAJOR = 7,          /* built against another major version of grok1_backend.h */
  GROK1_LOAD_MISSING_FUNCTION = 8,   /* a required function is absent; the reason names it */
  GROK1_LOAD_OPEN_FAILED = 9,        /* the backend's own start failed; the reason is its message */
  GROK1_LOAD_UNSAFE_PATH = 10,       /* owner or permissions of the file or its directory are not safe */
  GROK1_LOAD_VERIFY_DENIED = 11,     /* the application's verify callback refused it */
  GROK1_LOAD_DISABLED = 12,          /* disabled by grok1_runtime_options.disabled */
  GROK1_LOAD_SHADOWED = 13           /* a backend of the same id was found earlier in the search order */
};

typedef struct grok1_load_entry {
  grok1_head head;
  const char *backend;    /* the backend's id, or what the file's name suggests: libgrok1_ID.so */
  const char *path;       /* absolute, or "(linked in)" */
  const char *state_name; /* "LOADED", "NO_DEVICE" ... */
  const char *reason;     /* what was wanted, what was found, what to do; "" when loaded */
  const char *version;    /* the backend's own version text; "" when unknown */
  int32_t state;          /* GROK1_LOAD_* */
  uint32_t n_devices;
} grok1_load_entry;
#define GROK1_INIT_grok1_load_entry \
  {{sizeof(grok1_load_entry), GROK1_TYPE_LOAD_ENTRY, NULL}, NULL, NULL, NULL, NULL, NULL, 0, 0}

/* The load report: one entry per candidate, in search order. Strings live as long as the runtime.
 *   entry  out, initialised by the caller.
 * Returns GROK1_E_OUT_OF_RANGE when index is past the last entry.
 * @thread read  @since 0.1 */
GROK1_API grok1_status GROK1_CALL grok1_runtime_load_report(const grok1_runtime *runtime, size_t index,
                                                            grok1_load_entry *entry);

enum { GROK1_DEVICE_CPU = 1, GROK1_DEVICE_GPU = 2, GROK1_DEVICE_OTHER = 3 };
enum {
  GROK1_DEVICE_EXPLICIT_ONLY = 1 /* for tests and reference: never chosen unless it is named */
};

typedef struct grok1_device_info {
  grok1_head head;
  const char *name;         /* what `devices` strings use: "cpu", or "cuda:0" where a backend has several */
  const char *backend;      /* the backend's id */
  const char *description;  /* for people: model, cores, instruction set */
  uint64_t memory_total;    /* bytes */
  uint64_t memory_free;     /* bytes, at the time of the call */
  uint32_t kind;            /* GROK1_DEVICE_CPU ... */
  uint32_t flags;           /* GROK1_DEVICE_EXPLICIT_ONLY */
} grok1_device_info;
#define GROK1_INIT_grok1_device_info \
  {{sizeof(grok1_device_info), GROK1_TYPE_DEVICE_INFO, NULL}, NULL, NULL, NULL, 0, 0, 0, 0}

/* The devices of all loaded backends. Strings live as long as the runtime.
 * Returns GROK1_E_OUT_OF_RANGE when index is past the last device, GROK1_E_BACKEND if the backend cannot answer.
 * @thread read  @since 0.1 */
GROK1_API grok1_status GROK1_CALL grok1_runtime_device(const grok1_runtime *runtime, size_t index,
                                                       grok1_device_info *info);

/* ---- Cancel ---------------------------------------------------------------------------------------------------- */

/* A flag that the options of load, decode, generate, verify and convert may name. It stays set until it is reset, and may
 * be shared by any number of calls. It is looked at whenever a call makes progress (grok1_progress_fn) and for every layer
 * of a step.
 * @thread any  @since 0.1 */
GROK1_API grok1_status GROK1_CALL grok1_cancel_create(grok1_cancel **cancel, grok1_error *err);

/* Sets the flag. NULL is ignored.  @thread signal  @since 0.1 */
GROK1_API void GROK1_CALL grok1_cancel_request(grok1_cancel *cancel);

/* Clears the flag. NULL is ignored.  @thread signal  @since 0.1 */
GROK1_API void GROK1_CALL grok1_cancel_reset(grok1_cancel *cancel);

/* 1 if the flag is set, otherwise 0.  @thread signal  @since 0.1 */
GROK1_API int32_t GROK1_CALL grok1_cancel_requested(const grok1_cancel *cancel);

/* The calls that name it hold their own reference.  @thread any  @since 0.1 */
GROK1_API void GROK1_CALL grok1_cancel_release(grok1_cancel *cancel);

/* ---- Model ----------------------------------------------------------------------------------------------------- */

/* Element type of a session's KV cache. CPU and reference have all; GPUs refuse GROK1_CACHE_I8 when the model is planned. */
enum {
  GROK1_CACHE_DEFAULT = 0, /* GROK1_CACHE_BF16 */
  GROK1_CACHE_F32 = 1,
  GROK1_CACHE_BF16 = 2,
  GROK1_CACHE_F16 = 3,
  GROK1_CACHE_I8 = 4 /* int8 and a float scale for each head of a token: half the bytes of bf16 */
};

/* How several accelerators share a model: grok1_model_options.split. */
enum {
  GROK1_SPLIT_DEFAULT = 0, /* GROK1_SPLIT_LAYER */
  GROK1_SPLIT_LAYER = 1,   /* each takes consecutive layers whole, one after the other: least traffic */
  GROK1_SPLIT_EXPERT = 2,  /* each takes some of the experts of every layer */
  GROK1_SPLIT_FFN = 3      /* each takes some of the ffn columns of every expert: the work is even in every step */
};

/* For grok1_model_options.gpu_layers and cpu_experts_layers, where 0 means "as many as fit": none at all. */
enum { GROK1_NO_LAYERS = -1 };

/* Where the weights are while the model is alive: grok1_model_options.weights. The results are the same to the bit. */
enum {
  GROK1_WEIGHTS_DEFAULT = 0, /* mapped, unless a device says that memory of its own is faster for it and has enough */
  GROK1_WEIGHTS_MAPPED = 1,  /* the files are mapped and used in place; a device that cannot do that gets a copy. Nothing
                                is read before it is used, the page cache is shared with other processes */
  GROK1_WEIGHTS_READ = 2     /* the files are read past the page cache into memory of the devices' own: all of them at
                                once, each byte once. From then on the files are not needed */
};

/* Progress of a load in bytes of weights; called at least once per tensor, and for every few megabytes that are copied.
 * `done` never falls. Return 0 to go on, anything else to cancel the load (GROK1_E_CANCELLED). */
typedef int32_t(GROK1_CALL *grok1_progress_fn)(void *user, uint64_t done, uint64_t total);

typedef struct grok1_model_options {
  grok1_head head;
  const char *devices;         /* comma-separated device names ("cpu", "cuda:0", "cuda" for its first) or plugin paths
                                  (an item with a '/'); NULL: the environment's GROK1_DEVICES, else the fastest that fits */
  const char *tokenizer_path;  /* a tokenizer.model; NULL: the one inside the weights' file or beside it, if any */
  const char *backend_options; /* comma-separated key=value, handed to each backend, which ignores keys it does not know
                                  and refuses values it does not; NULL: none. A device's own options are documented with
                                  its backend */
  grok1_progress_fn progress;  /* NULL: none */
  void *progress_user;
  grok1_cancel *cancel;        /* NULL: not cancellable */
  uint32_t context_tokens;     /* most tokens in one sequence; default: the model's own context */
  uint32_t max_sequences;      /* the KV pool holds this many sequences of context_tokens, and a batch this many chunks;
                                  default 1 */
  uint32_t max_batch_tokens;   /* rows computed in one pass; longer batches are cut; default 512 */
  uint32_t max_logit_rows;     /* most rows of logits one decode can keep; default: max_sequences */
  uint32_t cache_type;         /* GROK1_CACHE_*; default bf16 */
  uint32_t page_tokens;        /* tokens in a KV page, 16 .. 256, a power of two; default 32 */
  uint32_t threads;            /* CPU threads, cut to the usable cores; default: one for each physical core */
  uint32_t flags;              /* none yet: 0 */
  const char *tensor_split;    /* proportions of what the devices share, "3,1": a number > 0 for each of them in the order
                                  of `devices`. A CPU behind accelerators has none and takes the rest; with a number it
                                  is a device like the others. NULL: in proportion to free memory */
  int32_t gpu_layers;          /* how many of the last layers the accelerators take, whole; the CPU has the others. More
                                  than there are layers: the embedding and output head too. 0: as many as fit, and where
                                  not all experts do, the attention of as many as fit; GROK1_NO_LAYERS: the CPU has all */
  int32_t cpu_experts_layers;  /* the experts of the first so many layers stay on the CPU; 0: of as few as must;
                                  GROK1_NO_LAYERS: of no layer that the accelerators have */
  uint32_t split;              /* GROK1_SPLIT_*; default by layers. Experts and ffn columns are divided among the
                                  accelerators, or between one accelerator and the CPU */
  uint32_t weights;            /* GROK1_WEIGHTS_*; one way for all devices */
} grok1_model_options;
#define GROK1_INIT_grok1_model_options                                                                                \
  {{sizeof(grok1_model_options), GROK1_TYPE_MODEL_OPTIONS, NULL}, NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, 0, 0, 0, 0, \
   0, 0, NULL, 0, 0, 0, 0}

/* Where a model goes. Of several named devices, CPUs excepted, each shares the model as `split` says; a CPU named beside
 * them takes what does not fit: first the experts of the first layers, then whole layers. One to which nothing is left
 * (a CPU where all fits, accelerators with GROK1_NO_LAYERS) takes no part. Without names, the first of these that fits:
 * one accelerator alone; all accelerators of one backend; the same with a CPU that holds experts; a CPU alone.
 * gpu_layers and cpu_experts_layers bring a CPU in unnamed. An accelerator here is every device that is not a CPU, or
 * any device named before the last CPU. */

enum {
  GROK1_RESIDENCY_NONE = 0,      /* does not fit in either way */
  GROK1_RESIDENCY_IN_MEMORY = 1, /* all weights stay in memory */
  GROK1_RESIDENCY_FROM_DISK = 2  /* experts are read from disk as the router asks for them */
};

/* What a load would take, in bytes, from the files' headers alone. */
typedef struct grok1_plan {
  grok1_head head;
  char devices[256];           /* the devices that would be used, as in grok1_model_options.devices */
  uint64_t weight_bytes;       /* all weights, as the devices hold them */
  uint64_t expert_bytes;       /* the part of them that belongs to experts */
  uint64_t bytes_per_token;    /* weights read for one token of a single sequence */
  uint64_t kv_bytes;           /* the KV pool */
  uint64_t scratch_bytes;      /* activations, logits and staging of one session */
  uint64_t needed_in_memory;   /* sum for GROK1_RESIDENCY_IN_MEMORY */
  uint64_t needed_from_disk;   /* sum for GROK1_RESIDENCY_FROM_DISK: all but the experts; 0 where it is not possible */
  uint64_t available;          /* free memory of the devices */
  uint32_t residency;          /* GROK1_RESIDENCY_*: the one that a load would choose */
  uint32_t context_tokens;     /* the limits the figures are for, defaults filled in */
  uint32_t max_sequences;
  uint32_t max_batch_tokens;
  uint32_t max_logit_rows;
  uint32_t cache_type;
  uint32_t n_devices;          /* see grok1_model_plan_device */
  uint32_t split;              /* GROK1_SPLIT_*, default filled in */
  uint32_t weights;            /* GROK1_WEIGHTS_MAPPED or _READ: the way that a load would choose */
  uint32_t reserved;           /* 0 */
  uint64_t kv_bytes_per_token; /* what a token more of context takes, in each sequence */
  uint32_t max_context_tokens; /* the longest context, at most the model's own, with which these devices have room for
                                  as many sequences: with all weights in memory if they can be there with any context,
                                  otherwise with experts on disk. 0: no context fits */
  uint32_t reserved2;          /* 0 */
} grok1_plan;
#define GROK1_INIT_grok1_plan                                                                                     \
  {{sizeof(grok1_plan), GROK1_TYPE_PLAN, NULL}, {0}, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, \
   0, 0}

/* One device's part of a plan, or of a loaded model. Bytes as in grok1_plan; ranges are half-open, begin = end: none.
 * CPUs share their memory, so each of them reports all of it as available. */
typedef struct grok1_plan_device {
  grok1_head head;
  char name[64];               /* as device strings name it */
  char part[128];              /* what it has of the model, in words: "attention of layers 0-63, experts 0-7 of layers
                                  20-63, embedding and head" */
  uint64_t weight_bytes;
  uint64_t expert_bytes;       /* the part of them that belongs to experts */
  uint64_t kv_bytes;
  uint64_t scratch_bytes;
  uint64_t needed_in_memory;
  uint64_t needed_from_disk;   /* without the experts, where they are read from the mapped files; 0: not possible */
  uint64_t available;          /* free memory */
  uint32_t kind;               /* GROK1_DEVICE_CPU ... */
  uint32_t residency;          /* GROK1_RESIDENCY_* of this device */
  uint32_t attention_layer_begin, attention_layer_end; /* layers whose attention is computed here */
  uint32_t kv_head_begin, kv_head_end;                 /* with these kv heads */
  uint32_t expert_layer_begin, expert_layer_end;       /* layers of which experts are here */
  uint32_t expert_begin, expert_end;                   /* these experts */
  uint32_t ffn_begin, ffn_end;                         /* with these of their ffn columns */
  uint32_t has_head;           /* 1: the embedding and the output head are here */
  uint32_t in_group;           /* 1: sums its layers with other devices of its backend, without the host */
} grok1_plan_device;
#define GROK1_INIT_grok1_plan_device                                                                                   \
  {{sizeof(grok1_plan_device), GROK1_TYPE_PLAN_DEVICE, NULL}, {0}, {0}, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, \
   0, 0, 0, 0}

/* Says what grok1_model_load with the same arguments would take, reading headers only.
 *   runtime, path, path_size, options  as for grok1_model_load.
 *   plan  out, initialised by the caller; written also when GROK1_E_DOES_NOT_FIT is returned.
 * Returns besides what grok1_model_probe returns: GROK1_E_NO_BACKEND, GROK1_E_DOES_NOT_FIT, GROK1_E_UNSUPPORTED.
 * @thread any  @since 0.1 */
GROK1_API grok1_status GROK1_CALL grok1_model_plan(grok1_runtime *runtime, const char *path, size_t path_size,
                                                   const grok1_model_options *options, grok1_plan *plan,
                                                   grok1_error *err);

/* The devices of that plan, in the order in which the model uses them.
 *   index  in, 0 .. n_devices-1 of grok1_plan.
 *   row    out, initialised by the caller.
 * Returns what grok1_model_plan returns, but not GROK1_E_DOES_NOT_FIT; GROK1_E_OUT_OF_RANGE past the last device.
 * @thread any  @since 0.1 */
GROK1_API grok1_status GROK1_CALL grok1_model_plan_device(grok1_runtime *runtime, const char *path, size_t path_size,
                                                          const grok1_model_options *options, size_t index,
                                                          grok1_plan_device *row, grok1_error *err);

/* Opens a model without its weights: info, tensors and tokenizer work, sessions return GROK1_E_NO_WEIGHTS. All headers
 * are read and checked. No backend is needed and none is loaded.
 *   path     in, a model in any of these formats: xAI's checkpoint, as the folder that contains ckpt-0 (with config.json
 *            and tokenizer.model) or as ckpt-0 itself; Hugging Face safetensors, as the folder of its files and config.json
 *            or as one file; GGUF, as a file, one of its shards (NAME-00001-of-00009.gguf) or pieces
 *            (NAME.gguf.part1of3), or as a folder that contains one such model.
 *   options  in, may be NULL; tokenizer_path is used.
 *   model    out, the caller's; grok1_model_release.
 * Returns GROK1_E_NOT_FOUND, GROK1_E_IO, GROK1_E_BAD_FILE, GROK1_E_UNSUPPORTED.
 * @thread any  @since 0.1 */
GROK1_API grok1_status GROK1_CALL grok1_model_probe(const char *path, size_t path_size,
                                                    const grok1_model_options *options, grok1_model **model,
                                                    grok1_error *err);

/* Loads a model and reserves the memory of one session of the options' limits, so that the first session cannot fail
 * for memory.
 *   runtime  in; NULL: the model makes one of its own, with default options.
 *   path     in, as for grok1_model_probe.
 *   options  in; NULL: all defaults.
 *   model    out, the caller's; grok1_model_release.
 * The files must not change during the load, nor while the model is alive if its weights are mapped. Returns besides
 * what grok1_model_plan returns: GROK1_E_CANCELLED, GROK1_E_BACKEND, GROK1_E_DEVICE_LOST.
 * @thread any  @since 0.1 */
GROK1_API grok1_status GROK1_CALL grok1_model_load(grok1_runtime *runtime, const char *path, size_t path_size,
                                                   const grok1_model_options *options, grok1_model **model,
                                                   grok1_error *err);

/* @thread any  @since 0.1 */
GROK1_API void GROK1_CALL grok1_model_release(grok1_model *model);

/* The model's numbers. Sources: config.json or a GGUF file's keys where there are any, otherwise run.py of
 * xai-org/grok-1. */
typedef struct grok1_model_info {
  grok1_head head;
  const char *name;            /* "Grok-1" for the released sizes, otherwise "Grok-1 architecture" */
  const char *format;          /* "xAI checkpoint", "Hugging Face safetensors", "GGUF" */
  const char *encoding;        /* encoding of the experts: "int8", "f32" ... */
  const char *devices;         /* devices in use; "" for a probed model */
  uint64_t parameters;         /* number of weights, scales not counted */
  uint64_t file_bytes;         /* total size of the tensor files */
  uint32_t n_files;
  uint32_t n_tensors;
  uint32_t layers;
  uint32_t d_model;            /* width of the residual stream */
  uint32_t heads;              /* query heads */
  uint32_t kv_heads;
  uint32_t head_dim;
  uint32_t ffn;                /* hidden width of one expert */
  uint32_t experts;
  uint32_t experts_used;       /* experts per token */
  uint32_t vocab_size;
  uint32_t context;            /* longest sequence the model was made for, tokens */
  double embedding_multiplier;
  double output_multiplier;
  double attention_multiplier; /* multiplies q.k */
  double attention_soft_cap;   /* c in c * tanh(x / c) */
  double rope_base;
  double rms_norm_eps;
  int32_t pad_id, bos_id, eos_id;
  uint32_t has_tokenizer;      /* 1 or 0 */
} grok1_model_info;
#define GROK1_INIT_grok1_model_info                                                                                  \
  {{sizeof(grok1_model_info), GROK1_TYPE_MODEL_INFO, NULL}, NULL, NULL, NULL, NULL, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, \
   0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}

/* @thread read  @since 0.1 */
GROK1_API grok1_status GROK1_CALL grok1_model_get_info(const grok1_model *model, grok1_model_info *info);

/* The devices of a loaded model, as planned when it was loaded.
 *   index  in, from 0, in the order in which the model uses them.
 *   row    out, initialised by the caller.
 * Returns GROK1_E_OUT_OF_RANGE past the last one, for a probed model at once.
 * @thread read  @since 0.1 */
GROK1_API grok1_status GROK1_CALL grok1_model_device(const grok1_model *model, size_t index, grok1_plan_device *row);

/* What a device reaches when it does nothing else: the limits that its speed is compared with. An operation is a
 * multiplication or an addition. 0 where the backend cannot say, or has no instruction for it. */
typedef struct grok1_rates {
  grok1_head head;
  double read_bytes_per_second; /* a plain read of the device's memory */
  double dot_i8_per_second;     /* operations on int8, summed in int32 */
  double dot_i16_per_second;    /* the same on int16 */
  double fma_per_second;        /* operations on float32 */
} grok1_rates;
#define GROK1_INIT_grok1_rates {{sizeof(grok1_rates), GROK1_TYPE_RATES, NULL}, 0, 0, 0, 0}

/* Measures a device of a loaded model with that device's own threads, for some tenths of a second. Rates change with
 * what else the machine does: measure between the runs that are compared with them. A decode at the same time spoils the
 * figures, nothing else.
 *   index       in, as for grok1_model_device.
 *   read_bytes  in, size of the buffer that is read, allocated for the call; it should exceed every cache. 0: 1 GiB, but
 *               no more than a quarter of the device's free memory.
 *   rates       out, initialised by the caller.
 * Returns GROK1_E_NO_WEIGHTS, GROK1_E_OUT_OF_RANGE past the last device, GROK1_E_BACKEND, GROK1_E_DEVICE_LOST.
 * @thread read  @since 0.1 */
GROK1_API grok1_status GROK1_CALL grok1_model_measure(const grok1_model *model, size_t index, uint64_t read_bytes,
                                                      grok1_rates *rates, grok1_error *err);

/* Encodings of weights. The header of backends uses the same numbers. From Q8_0 on they are the blocks of GGUF files,
 * described in docs/formats/encodings.md; beside each: bits per weight, weights per block. */
enum {
  GROK1_ENCODING_NONE = 0,
  GROK1_ENCODING_F32 = 1,
  GROK1_ENCODING_F16 = 2,
  GROK1_ENCODING_BF16 = 3,
  GROK1_ENCODING_I8 = 4,        /* xAI int8: w[k][n] = int8[k][n] * scale[k / (K / G)][n], no zero point */
  GROK1_ENCODING_Q8_0 = 5,      /* 8.5 bits, 32 */
  GROK1_ENCODING_Q4_0 = 6,      /* 4.5 bits, 32 */
  GROK1_ENCODING_Q4_1 = 7,      /* 5 bits, 32 */
  GROK1_ENCODING_Q5_0 = 8,      /* 5.5 bits, 32 */
  GROK1_ENCODING_Q5_1 = 9,      /* 6 bits, 32 */
  GROK1_ENCODING_Q2_K = 10,     /* 2.625 bits, 256 */
  GROK1_ENCODING_Q3_K = 11,     /* 3.4375 bits, 256 */
  GROK1_ENCODING_Q4_K = 12,     /* 4.5 bits, 256 */
  GROK1_ENCODING_Q5_K = 13,     /* 5.5 bits, 256 */
  GROK1_ENCODING_Q6_K = 14,     /* 6.5625 bits, 256 */
  GROK1_ENCODING_IQ4_NL = 15,   /* 4.5 bits, 32 */
  GROK1_ENCODING_IQ4_XS = 16,   /* 4.25 bits, 256 */
  GROK1_ENCODING_IQ3_S = 17,    /* 3.4375 bits, 256 */
  GROK1_ENCODING_IQ3_XXS = 18,  /* 3.0625 bits, 256 */
  GROK1_ENCODING_IQ2_S = 19,    /* 2.5625 bits, 256 */
  GROK1_ENCODING_IQ2_XS = 20,   /* 2.3125 bits, 256 */
  GROK1_ENCODING_IQ2_XXS = 21   /* 2.0625 bits, 256 */
};

typedef struct grok1_tensor_info {
  grok1_head head;
  const char *name;          /* as the checkpoint's author names it: "transformer/decoder_layer_0/moe/linear/w" */
  const char *path;          /* file that holds it */
  const char *encoding_name; /* "int8", "f32", "bf16", "f16", "q4_k", ... */
  uint64_t shape[4];         /* outermost first; [rank] numbers, the rest 0 */
  uint64_t offset;           /* of the data in the file, bytes */
  uint64_t bytes;            /* of the data */
  uint64_t scale_shape[4];   /* as shape; all 0 without scales */
  uint64_t scale_offset;     /* of the scales in the same file; 0 without scales */
  uint64_t scale_bytes;
  uint32_t encoding;         /* GROK1_ENCODING_* */
  uint32_t scale_encoding;   /* GROK1_ENCODING_*; GROK1_ENCODING_NONE without scales */
  uint32_t rank;
  uint32_t scale_groups;     /* groups along the input axis that share a scale per column; 0 without scales */
  uint32_t n_parts;          /* stored tensors that it is made of, see grok1_model_tensor_part; 1 for a part */
  uint32_t transposed;       /* 1: a weight matrix is stored [outputs, inputs]; 0: [inputs, outputs] */
  uint64_t row_begin;        /* rows row_begin .. row_end - 1 of the tensor, those of the last size but one, are here: */
  uint64_t row_end;          /* all of a whole tensor, some of a part. A vector is a column of rows */
  uint64_t column_begin;     /* of the rows, these numbers */
  uint64_t column_end;
  uint32_t expert_begin;     /* and of these experts: 0 .. 1 where there are none */
  uint32_t expert_end;
} grok1_tensor_info;
#define GROK1_INIT_grok1_tensor_info                                                                                \
  {{sizeof(grok1_tensor_info), GROK1_TYPE_TENSOR_INFO, NULL}, NULL, NULL, NULL, {0}, 0, 0, {0}, 0, 0, 0, 0, 0, 0, 0, \
   0, 0, 0, 0, 0, 0, 0}

/* The tensors in file order. One that is stored in several parts is shown whole, with path and offset of its first
 * part. Strings live as long as the model. Returns GROK1_E_OUT_OF_RANGE past the last one.
 * @thread read  @since 0.1 */
GROK1_API grok1_status GROK1_CALL grok1_model_tensor(const grok1_model *model, size_t index, grok1_tensor_info *info);

/* The stored tensors that a tensor is made of: name, path, offset and bytes are the part's as its file has them, shape
 * and encoding those of the whole. `bytes` may lie apart in the file, expert by expert; scales are shown with part 0.
 *   index  in, as for grok1_model_tensor.
 *   part   in, 0 .. n_parts-1.
 *   info   out, initialised by the caller.
 * Returns GROK1_E_OUT_OF_RANGE past the last tensor or its last part.
 * @thread read  @since 0.1 */
GROK1_API grok1_status GROK1_CALL grok1_model_tensor_part(const grok1_model *model, size_t index, size_t part,
                                                          grok1_tensor_info *info);

/* What is allowed in the model's files but unusual, as a load logs it: one sentence each.
 *   text  out, NUL-terminated, lives as long as the model.
 * Returns GROK1_E_OUT_OF_RANGE past the last one.
 * @thread read  @since 0.1 */
GROK1_API grok1_status GROK1_CALL grok1_model_warning(const grok1_model *model, size_t index, const char **text);

/* ---- Fit: what else would go where ------------------------------------------------------------------------------ */

/* What a model would take if its matrices were in another encoding. */
typedef struct grok1_encoding_fit {
  grok1_head head;
  const char *name;          /* of the encoding, "q4_k"; static storage */
  uint64_t weight_bytes;     /* of all tensors: in memory, and but for a header on disk */
  uint64_t needed_in_memory; /* with the KV pool and scratch of the plan */
  double bits_per_weight;    /* over all tensors */
  uint32_t encoding;         /* GROK1_ENCODING_* */
  uint32_t fits;             /* 1: needed_in_memory is not more than the plan's devices have free together */
} grok1_encoding_fit;
#define GROK1_INIT_grok1_encoding_fit \
  {{sizeof(grok1_encoding_fit), GROK1_TYPE_ENCODING_FIT, NULL}, NULL, 0, 0, 0, 0, 0}

/* The encodings that matrices can be converted to, from the most bits per weight to the fewest, by the model's shapes
 * alone: each as grok1_model_convert writes it with that type and no overrides.
 *   plan   in, of the same model; its devices, KV pool and scratch count.
 *   index  in, from 0.
 *   fit    out, initialised by the caller.
 * Returns GROK1_E_OUT_OF_RANGE past the last one.
 * @thread read  @since 0.1 */
GROK1_API grok1_status GROK1_CALL grok1_model_fit_encoding(const grok1_model *model, const grok1_plan *plan,
                                                           size_t index, grok1_encoding_fit *fit);

/* The same as grok1_model_measure for a device that holds no model: it is opened with its default options and closed
 * again.
 *   index  in, as for grok1_runtime_device.
 * Returns GROK1_E_OUT_OF_RANGE past the last device, GROK1_E_BACKEND, GROK1_E_DEVICE_LOST.
 * @thread any  @since 0.1 */
GROK1_API grok1_status GROK1_CALL grok1_runtime_measure(grok1_runtime *runtime, size_t index, uint64_t read_bytes,
                                                        grok1_rates *rates, grok1_error *err);

/* ---- Verify: what is wrong with a model's files ----------------------------------------------------------------- */

/* Kind of a fault: grok1_fault.kind. */
enum {
  GROK1_FAULT_MISSING = 1,    /* a file or tensor that must be there is not */
  GROK1_FAULT_SHORT = 2,      /* a file ends before what it must hold */
  GROK1_FAULT_DAMAGED = 3,    /* a header, an index or a configuration is not what its format demands */
  GROK1_FAULT_DUPLICATE = 4,  /* a tensor, or a part of one, is there twice */
  GROK1_FAULT_EXTRA = 5,      /* a file or tensor that no model of this format and size has */
  GROK1_FAULT_SHAPE = 6,      /* a tensor has other sizes than the model's numbers demand */
  GROK1_FAULT_ENCODING = 7,   /* a tensor is of a type that is not read in its place */
  GROK1_FAULT_NON_FINITE = 8, /* infinities or NaN among the weights or their scales */
  GROK1_FAULT_CHANGED = 9,    /* a file changed while it was looked at */
  GROK1_FAULT_UNREADABLE = 10 /* the operating system refused to read a file */
};

typedef struct grok1_fault {
  grok1_head head;
  const char *kind_name; /* "missing", "short" ... */
  const char *path;      /* the file; "" where no one file is to blame */
  const char *tensor;    /* the tensor as its author names it; "" where no one tensor is */
  const char *message;   /* a sentence: what was wanted, what was found, what to do */
  uint64_t offset;       /* byte of the file where it shows */
  uint64_t count;        /* of non-finite numbers, or of blocks that have some; otherwise 1 */
  uint32_t kind;         /* GROK1_FAULT_* */
  grok1_status status;   /* GROK1_E_BAD_FILE, or why there is nothing to read: GROK1_E_NOT_FOUND, _IO, _UNSUPPORTED */
} grok1_fault;
#define GROK1_INIT_grok1_fault {{sizeof(grok1_fault), GROK1_TYPE_FAULT, NULL}, NULL, NULL, NULL, NULL, 0, 0, 0, 0}

/* Receives one fault; its strings live during the call. Return 0 to go on, anything else to end the verification
 * (GROK1_E_CANCELLED). */
typedef int32_t(GROK1_CALL *grok1_fault_fn)(void *user, const grok1_fault *fault);

enum {
  GROK1_VERIFY_HEADERS_ONLY = 1 /* leave out the payloads: milliseconds instead of a read of all files */
};

typedef struct grok1_verify_options {
  grok1_head head;
  grok1_progress_fn progress; /* in bytes of payload; NULL: none */
  void *progress_user;
  grok1_cancel *cancel;       /* NULL: not cancellable */
  uint32_t threads;           /* that look at what was read; 0: one for each usable core */
  uint32_t flags;             /* GROK1_VERIFY_* */
} grok1_verify_options;
#define GROK1_INIT_grok1_verify_options \
  {{sizeof(grok1_verify_options), GROK1_TYPE_VERIFY_OPTIONS, NULL}, NULL, NULL, NULL, 0, 0}

typedef struct grok1_verify_report {
  grok1_head head;
  char format[64];      /* "xAI checkpoint"; "" if nothing could be opened */
  uint64_t n_faults;
  uint64_t bytes_read;  /* of payloads */
  uint64_t read_ns;     /* wall time of reading and checking them */
  uint32_t n_files;     /* that could be opened */
  uint32_t n_tensors;   /* without a fault in their headers: those whose payloads are looked at */
} grok1_verify_report;
#define GROK1_INIT_grok1_verify_report \
  {{sizeof(grok1_verify_report), GROK1_TYPE_VERIFY_REPORT, NULL}, {0}, 0, 0, 0, 0, 0}

/* Looks for everything that is wrong with a model's files: opens them as grok1_model_probe does, but goes on after a
 * fault, then reads the payload of every tensor whose header is right, past the page cache, and looks for numbers that
 * are not finite. No backend is needed.
 *   path         in, as for grok1_model_load.
 *   options      in, may be NULL.
 *   fault, user  in, called once for each fault; NULL: not wanted.
 *   report       out, initialised by the caller; written also when GROK1_E_BAD_FILE or GROK1_E_CANCELLED is returned.
 * Returns GROK1_OK if nothing is wrong; GROK1_E_BAD_FILE with the number of faults and the first of them in the error;
 * GROK1_E_CANCELLED; GROK1_E_NOT_FOUND, GROK1_E_IO, GROK1_E_UNSUPPORTED if there is no model to look at.
 * @thread any  @since 0.1 */
GROK1_API grok1_status GROK1_CALL grok1_model_verify(const char *path, size_t path_size,
                                                     const grok1_verify_options *options, grok1_fault_fn fault,
                                                     void *user, grok1_verify_report *report, grok1_error *err);

/* ---- Tokenizer ------------------------------------------------------------------------------------------------- */

/* Loads a SentencePiece BPE model file (tokenizer.model).
 *   tokenizer  out, the caller's; grok1_tokenizer_release.
 * Returns GROK1_E_NOT_FOUND, GROK1_E_IO, GROK1_E_BAD_FILE, GROK1_E_UNSUPPORTED (a model type other than BPE).
 * @thread any  @since 0.1 */
GROK1_API grok1_status GROK1_CALL grok1_tokenizer_load(const char *path, size_t path_size, grok1_tokenizer **tokenizer,
                                                       grok1_error *err);

/* The tokenizer that came with a model.
 *   tokenizer  out, the caller's; grok1_tokenizer_release.
 * Returns GROK1_E_NO_TOKENIZER.
 * @thread read  @since 0.1 */
GROK1_API grok1_status GROK1_CALL grok1_model_tokenizer(const grok1_model *model, grok1_tokenizer **tokenizer,
                                                        grok1_error *err);

/* @thread any  @since 0.1 */
GROK1_API void GROK1_CALL grok1_tokenizer_release(grok1_tokenizer *tokenizer);

typedef struct grok1_tokenizer_info {
  grok1_head head;
  uint32_t vocab_size;
  int32_t unk_id; /* ids are -1 where the vocabulary has no such piece */
  int32_t bos_id;
  int32_t eos_id;
  int32_t pad_id;
  uint32_t longest_piece; /* bytes */
} grok1_tokenizer_info;
#define GROK1_INIT_grok1_tokenizer_info \
  {{sizeof(grok1_tokenizer_info), GROK1_TYPE_TOKENIZER_INFO, NULL}, 0, 0, 0, 0, 0, 0}

/* @thread read  @since 0.1 */
GROK1_API grok1_status GROK1_CALL grok1_tokenizer_get_info(const grok1_tokenizer *tokenizer, grok1_tokenizer_info *info);

/* Kind of a piece: the type numbers of SentencePiece's model file. */
enum {
  GROK1_PIECE_NORMAL = 1,
  GROK1_PIECE_UNKNOWN = 2,
  GROK1_PIECE_CONTROL = 3,      /* never produced from text, decodes to nothing */
  GROK1_PIECE_USER_DEFINED = 4, /* matched in the text before any merge */
  GROK1_PIECE_UNUSED = 5,
  GROK1_PIECE_BYTE = 6          /* one byte of a character that no piece covers */
};

typedef struct grok1_piece_info {
  grok1_head head;
  const char *text; /* [size], also NUL-terminated; U+2581 stands for a space */
  size_t size;      /* bytes */
  float score;
  uint32_t kind; /* GROK1_PIECE_* */
} grok1_piece_info;
#define GROK1_INIT_grok1_piece_info {{sizeof(grok1_piece_info), GROK1_TYPE_PIECE_INFO, NULL}, NULL, 0, 0.0f, 0}

/* Returns GROK1_E_OUT_OF_RANGE for an id that does not exist. The text lives as long as the tokenizer.
 * @thread read  @since 0.1 */
GROK1_API grok1_status GROK1_CALL grok1_tokenizer_piece(const grok1_tokenizer *tokenizer, int32_t id,
                                                        grok1_piece_info *info);

/* Text to tokens. No BOS is added; control pieces such as "[BOS]" in the text are ordinary text. Bytes that are not
 * valid UTF-8 are read as U+FFFD, as SentencePiece does; NUL is a character like any other.
 *   text, text_size    in, bytes.
 *   tokens, capacity   out, at most capacity ids; may be NULL when capacity is 0.
 *   count              out, ids needed, also when GROK1_E_BUFFER_TOO_SMALL is returned.
 * @thread read  @since 0.1 */
GROK1_API grok1_status GROK1_CALL grok1_tokenizer_encode(const grok1_tokenizer *tokenizer, const char *text,
                                                         size_t text_size, int32_t *tokens, size_t capacity,
                                                         size_t *count, grok1_error *err);

/* Tokens to text, the inverse of encode for valid UTF-8. The space that encode puts before the first word is removed;
 * bytes that form no character come out as U+FFFD, as SentencePiece does.
 *   tokens, n_tokens  in.
 *   text, capacity    out, at most capacity bytes, not NUL-terminated; may be NULL when capacity is 0.
 *   size              out, bytes needed, also when GROK1_E_BUFFER_TOO_SMALL is returned.
 * Returns GROK1_E_OUT_OF_RANGE for an id that does not exist.
 * @thread read  @since 0.1 */
GROK1_API grok1_status GROK1_CALL grok1_tokenizer_decode(const grok1_tokenizer *tokenizer, const int32_t *tokens,
                                                         size_t n_tokens, char *text, size_t capacity, size_t *size,
                                                         grok1_error *err);

/* A decoder for streams: takes one token at a time and gives text in whole UTF-8 characters only. The joined chunks
 * equal what grok1_tokenizer_decode gives for all tokens at once.
 *   after  in, the last token of the text that the stream continues, so that a leading space is kept; -1: the stream
 *          begins a text.
 * @thread any  @since 0.1 */
GROK1_API grok1_status GROK1_CALL grok1_detokenizer_create(const grok1_tokenizer *tokenizer, int32_t after,
                                                           grok1_detokenizer **detokenizer, grok1_error *err);

/* Takes one token.
 *   text  out, the characters completed by it, *size bytes, maybe none; not NUL-terminated; valid until the next call
 *         on the detokenizer.
 * Returns GROK1_E_OUT_OF_RANGE for an id that does not exist: the state is unchanged.
 * @thread excl  @since 0.1 */
GROK1_API grok1_status GROK1_CALL grok1_detokenizer_push(grok1_detokenizer *detokenizer, int32_t token,
                                                         const char **text, size_t *size, grok1_error *err);

/* Ends the stream: gives what an incomplete character decodes to. The detokenizer is as newly created with after = -1.
 * @thread excl  @since 0.1 */
GROK1_API grok1_status GROK1_CALL grok1_detokenizer_finish(grok1_detokenizer *detokenizer, const char **text,
                                                           size_t *size, grok1_error *err);

/* @thread any  @since 0.1 */
GROK1_API void GROK1_CALL grok1_detokenizer_release(grok1_detokenizer *detokenizer);

/* ---- Session and sequence -------------------------------------------------------------------------------------- */

typedef struct grok1_session_options {
  grok1_head head;
  uint32_t context_tokens; /* limits as in grok1_model_options, whose values are the defaults */
  uint32_t max_sequences;
  uint32_t max_batch_tokens;
  uint32_t max_logit_rows;
  uint32_t cache_type;
  uint32_t page_tokens;
} grok1_session_options;
#define GROK1_INIT_grok1_session_options \
  {{sizeof(grok1_session_options), GROK1_TYPE_SESSION_OPTIONS, NULL}, 0, 0, 0, 0, 0, 0}

/* Makes a session. One session of the model's own limits is served from memory that the load reserved; further ones, or
 * other limits, allocate and can fail with GROK1_E_OUT_OF_MEMORY.
 *   options  in; NULL: the model's limits.
 *   session  out, the caller's; grok1_session_release.
 * Returns GROK1_E_NO_WEIGHTS, GROK1_E_BACKEND, GROK1_E_DEVICE_LOST.
 * @thread any  @since 0.1 */
GROK1_API grok1_status GROK1_CALL grok1_session_create(grok1_model *model, const grok1_session_options *options,
                                                       grok1_session **session, grok1_error *err);

/* Sequences keep a released session alive.  @thread any  @since 0.1 */
GROK1_API void GROK1_CALL grok1_session_release(grok1_session *session);

/* Makes an empty sequence. The number of sequences is not limited; the tokens they hold together are.
 *   sequence  out, the caller's; grok1_sequence_release.
 * Returns GROK1_E_BUSY.
 * @thread excl  @since 0.1 */
GROK1_API grok1_status GROK1_CALL grok1_sequence_create(grok1_session *session, grok1_sequence **sequence,
                                                        grok1_error *err);

/* Makes a copy that shares the KV pages of the common tokens; a page is copied when one of its owners first writes to
 * it. The copy has the logits of the original.
 *   fork  out, the caller's; grok1_sequence_release.
 * Returns GROK1_E_BUSY.
 * @thread excl  @since 0.1 */
GROK1_API grok1_status GROK1_CALL grok1_sequence_fork(grok1_sequence *sequence, grok1_sequence **fork,
                                                      grok1_error *err);

/* Drops tokens from the end until n_tokens are left, and the logits. Keeping all tokens is no change.
 * Returns GROK1_E_OUT_OF_RANGE if the sequence is shorter, GROK1_E_BUSY.
 * @thread excl  @since 0.1 */
GROK1_API grok1_status GROK1_CALL grok1_sequence_truncate(grok1_sequence *sequence, size_t n_tokens, grok1_error *err);

/* The tokens decoded so far.
 *   tokens, capacity  out, at most capacity ids; may be NULL when capacity is 0.
 *   count             out, the sequence's length, also when GROK1_E_BUFFER_TOO_SMALL is returned.
 * Returns GROK1_E_BUSY.
 * @thread excl  @since 0.1 */
GROK1_API grok1_status GROK1_CALL grok1_sequence_tokens(const grok1_sequence *sequence, int32_t *tokens,
                                                        size_t capacity, size_t *count, grok1_error *err);

/* Its pages are reclaimed at the session's next call.  @thread any  @since 0.1 */
GROK1_API void GROK1_CALL grok1_sequence_release(grok1_sequence *sequence);

/* ---- Decode ---------------------------------------------------------------------------------------------------- */

/* Which rows of a chunk shall have logits: grok1_batch.want_logits. */
enum { GROK1_LOGITS_NONE = 0, GROK1_LOGITS_LAST = 1, GROK1_LOGITS_ALL = 2 };

/* A batch: `count` chunks of tokens, each appended to a sequence of its own. A chunk may be a prompt, a part of one or a
 * single token. All arrays are the caller's and are not kept. */
typedef struct grok1_batch {
  grok1_head head;
  grok1_sequence *const *sequences; /* [count], of one session, each at most once */
  const uint32_t *n_tokens;         /* [count] tokens in each chunk, >= 1 */
  const int32_t *tokens;            /* [sum of n_tokens] the chunks' tokens, one chunk after the other */
  const uint8_t *want_logits;       /* [count] GROK1_LOGITS_*; NULL: the last row of each chunk */
  uint32_t *n_done;                 /* out, [count] tokens that were appended; NULL: not wanted. Written on success and
                                       when GROK1_E_CANCELLED is returned */
  grok1_cancel *cancel;             /* NULL: not cancellable */
  size_t count;                     /* 1 .. max_sequences */
} grok1_batch;
#define GROK1_INIT_grok1_batch {{sizeof(grok1_batch), GROK1_TYPE_BATCH, NULL}, NULL, NULL, NULL, NULL, NULL, NULL, 0}

/* Runs the model over a batch and appends its tokens to their sequences. The result of a chunk does not depend on what
 * else is in the batch nor on how a prompt is cut into chunks: on the CPU not by one bit.
 * A failed decode changes no sequence. A cancelled one leaves every sequence at a token boundary and says in n_done how
 * far each came. The logits of all sequences of the session are dropped first.
 * Returns GROK1_E_OUT_OF_RANGE (a token id), GROK1_E_CONTEXT_FULL, GROK1_E_CANCELLED, GROK1_E_BUSY, GROK1_E_BACKEND,
 * GROK1_E_DEVICE_LOST, GROK1_E_FORKED, GROK1_E_BAD_FILE (a weight file changed while in use).
 * @thread excl  @since 0.1 */
GROK1_API grok1_status GROK1_CALL grok1_decode(grok1_session *session, const grok1_batch *batch, grok1_error *err);

/* Copies logits out.
 *   row     in, 0 is the first row that the last decode was asked for in this sequence.
 *   logits  out, float [capacity], capacity >= vocab_size; vocab_size numbers are written.
 * Returns GROK1_E_OUT_OF_RANGE (no such row, or dropped by a later decode or truncate), GROK1_E_BUFFER_TOO_SMALL,
 * GROK1_E_BUSY.
 * @thread excl  @since 0.1 */
GROK1_API grok1_status GROK1_CALL grok1_sequence_logits(const grok1_sequence *sequence, size_t row, float *logits,
                                                        size_t capacity, grok1_error *err);

/* The same as natural logarithms of probabilities: logits[i] - log(sum(exp(logits))), summed in double.
 * @thread excl  @since 0.1 */
GROK1_API grok1_status GROK1_CALL grok1_sequence_log_probabilities(const grok1_sequence *sequence, size_t row,
                                                                   float *log_probabilities, size_t capacity,
                                                                   grok1_error *err);

/* ---- Sampler --------------------------------------------------------------------------------------------------- */

/* A sampler is a chain in this order: repetition penalty, temperature, top-k, top-p, min-p, draw. Zero switches each
 * step off. Ties go to the lower id. The n-th draw of a sampler depends on its seed, n and the logits alone. */
typedef struct grok1_sampler_options {
  grok1_head head;
  uint64_t seed;            /* of the generator; 0 is a seed like any other */
  float temperature;        /* divides the logits; 0 takes the largest logit (greedy) */
  float top_p;              /* keep the fewest best tokens whose probabilities reach it; 0 or >= 1: off */
  float min_p;              /* drop tokens less probable than min_p times the best; 0: off */
  float repetition_penalty; /* of tokens among the last repetition_window: positive logits are divided by it, negative
                               ones multiplied (Keskar et al. 2019, CTRL); 0 or 1: off */
  uint32_t top_k;           /* keep the k best tokens; 0: off */
  uint32_t repetition_window; /* tokens; 0: 64 */
} grok1_sampler_options;
#define GROK1_INIT_grok1_sampler_options \
  {{sizeof(grok1_sampler_options), GROK1_TYPE_SAMPLER_OPTIONS, NULL}, 0, 0.0f, 0.0f, 0.0f, 0.0f, 0, 0}

/*   options  in; NULL: greedy.
 *   sampler  out, the caller's; grok1_sampler_release.
 * @thread any  @since 0.1 */
GROK1_API grok1_status GROK1_CALL grok1_sampler_create(const grok1_sampler_options *options, grok1_sampler **sampler,
                                                       grok1_error *err);

/* @thread any  @since 0.1 */
GROK1_API void GROK1_CALL grok1_sampler_release(grok1_sampler *sampler);

/* Chooses the next token from the sequence's last row of logits, without copying them; the sequence's tokens are the
 * repetition window. Appends nothing: give the token to the next decode. At a temperature above 0 the padding, BOS and
 * unknown pieces of the model's tokenizer are never drawn; grok1_sample_logits draws from all ids.
 *   token  out.
 * Returns GROK1_E_OUT_OF_RANGE if the sequence has no logits, GROK1_E_BUSY.
 * @thread excl  @since 0.1 */
GROK1_API grok1_status GROK1_CALL grok1_sample(grok1_sampler *sampler, const grok1_sequence *sequence, int32_t *token,
                                               grok1_error *err);

/* The same for logits that the caller holds.
 *   logits             in, float [n_logits]; NaN is never chosen.
 *   recent, n_recent   in, the tokens so far, newest last; may be NULL when n_recent is 0.
 * @thread excl  @since 0.1 */
GROK1_API grok1_status GROK1_CALL grok1_sample_logits(grok1_sampler *sampler, const float *logits, size_t n_logits,
                                                      const int32_t *recent, size_t n_recent, int32_t *token,
                                                      grok1_error *err);

/* ---- Generate -------------------------------------------------------------------------------------------------- */

/* Receives generated text: whole UTF-8 characters, `size` bytes, not NUL-terminated. Return 0 to go on, anything else
 * to stop (GROK1_S_STOPPED). */
typedef int32_t(GROK1_CALL *grok1_text_fn)(void *user, const char *text, size_t size);

enum {
  GROK1_GENERATE_IGNORE_EOS = 1, /* go on after the end-of-sequence token */
  GROK1_GENERATE_ADD_BOS = 2     /* put the begin-of-sequence token before the prompt; Grok-1 was run without */
};

typedef struct grok1_generate_options {
  grok1_head head;
  grok1_sampler *sampler;   /* NULL: temperature 0.8, top-k 40, top-p 0.95, min-p 0.05, seed 0 */
  grok1_sequence *sequence; /* continue this one; afterwards it holds the prompt and all generated tokens (the last one
                               not if it was cancelled). NULL: a temporary one */
  grok1_cancel *cancel;     /* NULL: not cancellable */
  uint32_t max_tokens;      /* tokens to generate; default 128 */
  uint32_t flags;           /* GROK1_GENERATE_* */
} grok1_generate_options;
#define GROK1_INIT_grok1_generate_options \
  {{sizeof(grok1_generate_options), GROK1_TYPE_GENERATE_OPTIONS, NULL}, NULL, NULL, NULL, 0, 0}

/* Generates text after a prompt: encode, decode, sample, detokenise, in a loop.
 *   prompt, prompt_size  in; an empty prompt needs GROK1_GENERATE_ADD_BOS or a sequence that has tokens and logits.
 *   options              in; NULL: defaults.
 *   text, user           in, receives the generated text without the prompt; NULL: not wanted.
 * Returns GROK1_OK after max_tokens, GROK1_S_END_OF_TEXT, GROK1_S_STOPPED, GROK1_S_CANCELLED, GROK1_S_CONTEXT_FULL;
 * GROK1_E_NO_TOKENIZER, GROK1_E_CONTEXT_FULL (the prompt alone is too long), and what grok1_decode returns.
 * @thread excl  @since 0.1 */
GROK1_API grok1_status GROK1_CALL grok1_generate(grok1_session *session, const char *prompt, size_t prompt_size,
                                                 const grok1_generate_options *options, grok1_text_fn text, void *user,
                                                 grok1_error *err);

/* ---- Stats ----------------------------------------------------------------------------------------------------- */

/* Counters since the session was created. A chunk of one token counts as generated, a longer one as prompt. */
typedef struct grok1_stats {
  grok1_head head;
  uint64_t load_ns;          /* of the model: wall time of its load */
  uint64_t prompt_tokens;
  uint64_t prompt_ns;        /* wall time of the passes that held a prompt chunk */
  uint64_t generated_tokens;
  uint64_t generated_ns;     /* wall time of the other passes */
  uint64_t passes;           /* through all layers */
  uint64_t kv_tokens_total;  /* capacity of the KV pool */
  uint64_t kv_tokens_used;   /* of it in use, counted in whole pages */
} grok1_stats;
#define GROK1_INIT_grok1_stats {{sizeof(grok1_stats), GROK1_TYPE_STATS, NULL}, 0, 0, 0, 0, 0, 0, 0, 0}

/* @thread excl  @since 0.1 */
GROK1_API grok1_status GROK1_CALL grok1_session_stats(const grok1_session *session, grok1_stats *stats,
                                                      grok1_error *err);

/* ---- Files ----------------------------------------------------------------------------------------------------- */

enum {
  GROK1_CONVERT_DRY_RUN = 1,   /* write nothing; the report says what would be written */
  GROK1_CONVERT_OVERWRITE = 2, /* replace targets that exist, when the new ones are complete */
  GROK1_CONVERT_NO_RESUME = 4  /* begin anew where an earlier call was stopped, whatever it was to write */
};

typedef struct grok1_convert_options {
  grok1_head head;
  const char *type;          /* encoding of the matrices, by its name: "f32", "f16", "bf16", "q8_0", "q4_k" ...; embedding
                                and output head get q6_k where that is more. NULL: as exact as the source: q8_0 for xAI's
                                int8, otherwise the source's own. Norms and routers are always f32 */
  const char *overrides;     /* "PATTERN=TYPE,...": shell patterns (* and ?) on whole GGUF names of matrices; the first that
                                matches decides, and each must match one: "blk.*.attn_*=q8_0"; NULL: none */
  const char *imatrix_path;  /* an importance matrix, GGUF as llama.cpp's imatrix tool writes it; NULL: none */
  uint64_t shard_bytes;      /* most bytes of a file. What is larger becomes NAME-00001-of-0000N.gguf ...; 0: one file */
  uint64_t memory_bytes;     /* most memory for weights on their way, 16 MiB or more; default 2 GiB */
  grok1_progress_fn progress; /* in bytes of the output; NULL: none */
  void *progress_user;
  grok1_log_fn log;          /* GROK1_LOG_INFO: what could not be written as it was asked for; NULL: none */
  void *log_user;
  grok1_cancel *cancel;      /* NULL: not cancellable */
  uint32_t threads;          /* that encode, the caller's among them; default: one for each processor */
  uint32_t flags;            /* GROK1_CONVERT_* */
} grok1_convert_options;
#define GROK1_INIT_grok1_convert_options                                                                               \
  {{sizeof(grok1_convert_options), GROK1_TYPE_CONVERT_OPTIONS, NULL}, NULL, NULL, NULL, 0, 0, NULL, NULL, NULL, NULL,    \
   NULL, 0, 0}

/* What was written, or would be. A block is what an encoding stores together: 32 or 256 numbers of a row, of f32, f16
 * and bf16 one. Of a call that went on where another was stopped, counts and sums are those of both. */
typedef struct grok1_convert_report {
  grok1_head head;
  uint64_t output_bytes;         /* of all files together */
  uint64_t resumed_bytes;        /* of them weights that an earlier call had written */
  uint64_t read_bytes;           /* that this call read */
  uint64_t n_blocks;
  uint64_t n_inexact_blocks;     /* blocks with a number that is not exactly the source's */
  double sum_squares;            /* of all numbers that were encoded anew, not merely moved */
  double sum_squared_errors;     /* of what they differ by */
  double largest_relative_error; /* of any block: its largest difference divided by its largest magnitude */
  double seconds;                /* of the call */
  double read_seconds;           /* that it waited for the disk to read */
  double encode_seconds;
  double write_seconds;          /* that writing took, beside the rest */
  uint64_t encoding_bytes[64];   /* of the tensors in each encoding, by GROK1_ENCODING_* */
  uint32_t encoding_tensors[64]; /* how many they are */
  uint32_t n_files;
  uint32_t n_tensors;
  uint32_t n_fallback;           /* tensors whose rows are no whole number of blocks of what was asked for: q8_0 or f16 */
  uint32_t n_without_importance; /* tensors in blocks that the importance matrix does not know */
  uint32_t lossless;             /* 1: every number of the output is exactly the source's; 0 after a dry run */
  uint32_t reserved;             /* 0 */
} grok1_convert_report;
#define GROK1_INIT_grok1_convert_report                                                                                \
  {{sizeof(grok1_convert_report), GROK1_TYPE_CONVERT_REPORT, NULL}, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, {0}, {0}, 0, 0, 0, \
   0, 0, 0}

/* Writes a model as GGUF, version 3, with its vocabulary: what llama.cpp reads, and grok1_model_load. Weights are read,
 * encoded and written at the same time, in bounded memory. The bytes depend on the model, type, overrides, importance
 * matrix and shard size alone.
 * Until a target is complete it has the name PATH.part, of its full size from the start, and beside it lies
 * PATH.part.journal. A call that was cancelled or ended by a fault leaves both, and the same call made again goes on
 * behind the last tensor that was written; with other options it is refused (GROK1_E_EXISTS). At any moment a target is
 * absent, the old one or complete.
 *   model            in, probed or loaded; its files must not change during the call.
 *   path, path_size  in, of the file to write; of shards, what their names are made from.
 *   options          in; NULL: all defaults.
 *   report           out, initialised by the caller; NULL: not wanted.
 * Returns GROK1_E_EXISTS, GROK1_E_BUSY (another call writes the same target), GROK1_E_DISK_FULL (nothing of it is left,
 * unless an earlier call's work was there), GROK1_E_CANCELLED, GROK1_E_DOES_NOT_FIT (a row exceeds memory_bytes),
 * GROK1_E_NOT_FOUND, GROK1_E_IO, GROK1_E_BAD_FILE, GROK1_E_UNSUPPORTED (an encoding that is only read).
 * @thread read  @since 0.1 */
GROK1_API grok1_status GROK1_CALL grok1_model_convert(const grok1_model *model, const char *path, size_t path_size,
                                                      const grok1_convert_options *options,
                                                      grok1_convert_report *report, grok1_error *err);

/* ---- Importance matrix ----------------------------------------------------------------------------------------- */

/* For each matrix of the model and each of its inputs, the sum of squares of that input over the tokens of a text, and
 * the number of tokens; of experts, for each of them over the tokens that chose it. Quantisers lose less where it is
 * large. The router is not among them: it is kept exact. */
typedef struct grok1_imatrix_options {
  grok1_head head;
  const char *dataset;   /* name of the text, for people who find the file; NULL: none */
  uint32_t chunk_tokens; /* tokens of the pieces in which the text was decoded, for the file's imatrix.chunk_size; 0: the
                            session's context_tokens */
  uint32_t flags;        /* none yet: 0 */
} grok1_imatrix_options;
#define GROK1_INIT_grok1_imatrix_options {{sizeof(grok1_imatrix_options), GROK1_TYPE_IMATRIX_OPTIONS, NULL}, NULL, 0, 0}

/* Attaches an empty one to a session: every later decode adds what its tokens give to each matrix, until the imatrix is
 * released; the logits do not change. The output head counts tokens whose logits were asked for, the other matrices
 * count all. Sums are taken in double in the order of tokens, so that they depend neither on threads nor on how a
 * sequence was cut into decodes and passes: on the CPU not by one bit. A cancelled decode has added to the layers that
 * it reached: each matrix counts for itself, and stays a mean of what it saw.
 * Each device of the session shows the inputs of the matrices that it has, all or a part of them; together they are those
 * of the whole model. One whose backend cannot show them is refused, also where it has only some of the experts: the
 * backends "cpu" and "reference" can, GPUs cannot.
 *   imatrix  out, the caller's; grok1_imatrix_release.
 * Returns GROK1_E_UNSUPPORTED (the message names the device), GROK1_E_INVALID_ARGUMENT if the session has one already,
 * GROK1_E_BUSY, GROK1_E_FORKED.
 * @thread excl  @since 0.1 */
GROK1_API grok1_status GROK1_CALL grok1_imatrix_create(grok1_session *session, grok1_imatrix **imatrix,
                                                       grok1_error *err);

/* Writes what was collected so far as a GGUF file in the form of llama.cpp's imatrix tool; collecting goes on. Matrices
 * that saw no token are left out. The file appears whole under its name, which may be that of a file: it is replaced;
 * until then it is path.part.
 *   path     in.
 *   options  in; NULL: defaults.
 * Returns GROK1_E_INVALID_ARGUMENT if no token was decoded, GROK1_E_NOT_FOUND (the folder), GROK1_E_IO,
 * GROK1_E_DISK_FULL, GROK1_E_BACKEND (a device showed what it does not have), GROK1_E_BUSY, GROK1_E_FORKED.
 * @thread excl, with its session  @since 0.1 */
GROK1_API grok1_status GROK1_CALL grok1_imatrix_write(grok1_imatrix *imatrix, const char *path, size_t path_size,
                                                      const grok1_imatrix_options *options, grok1_error *err);

/* @thread any  @since 0.1 */
GROK1_API void GROK1_CALL grok1_imatrix_release(grok1_imatrix *imatrix);

/* ---- Experimental: reached by grok1_get_proc only -------------------------------------------------------------- */

/* What trace_x1 shows: grok1_trace_fn_x1's `what`. */
enum {
  GROK1_TRACE_HIDDEN_X1 = 1,  /* float [rows, d_model]: the residual stream after the embedding (layer -1) and after
                                 each layer */
  GROK1_TRACE_EXPERTS_X1 = 2, /* int32_t [rows, experts_used]: chosen experts, best first */
  GROK1_TRACE_GATES_X1 = 3    /* float [rows, experts_used]: their gates */
};

/* Called in every pass of a decode for each layer. Rows are those of the pass, in the batch's order; `data` is valid
 * during the call. */
typedef void(GROK1_CALL *grok1_trace_fn_x1)(void *user, uint32_t what, int32_t layer, const void *data, size_t rows);

/* "trace_x1": shows hidden states, chosen experts and gates of every later decode of a session; NULL ends it. Costs a
 * copy to the host and a wait per layer. A backend that cannot export them answers GROK1_E_UNSUPPORTED.
 * @thread excl */
typedef grok1_status(GROK1_CALL *grok1_trace_x1)(grok1_session *session, grok1_trace_fn_x1 trace, void *user,
                                                 grok1_error *err);

/* Places of profile_x1's array: nanoseconds of wall time in each group of operators, all layers together; the sums among
 * devices and the way of rows between them count with the operator before. And the passes that were counted. */
enum {
  GROK1_PROFILE_EMBED_X1 = 0,
  GROK1_PROFILE_ATTENTION_X1 = 1,
  GROK1_PROFILE_ADD_NORM_X1 = 2,
  GROK1_PROFILE_ROUTE_X1 = 3,
  GROK1_PROFILE_EXPERTS_X1 = 4,
  GROK1_PROFILE_LOGITS_X1 = 5,
  GROK1_PROFILE_PASSES_X1 = 6,
  GROK1_PROFILE_COUNT_X1 = 7 /* the array's size */
};

/* "profile_x1": every later decode of a session adds to the array what its passes took. Waits for all devices after every
 * operator, which costs nothing where calls return when the work is done, as on the CPU.
 *   spent  in, [GROK1_PROFILE_COUNT_X1], the caller's, who clears it and may read it between calls; used until it is
 *          replaced. NULL ends it.
 * @thread excl */
typedef grok1_status(GROK1_CALL *grok1_profile_x1)(grok1_session *session, uint64_t *spent, grok1_error *err);

#ifdef __cplusplus
}
#endif
#endif /* GROK1_H */
