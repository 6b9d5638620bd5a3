/* grok1_backend.h - the interface of a hardware backend: what a plugin offers and what each of its operators means.
 *
 * A plugin is a shared library named libgrok1_ID.so that exports one symbol, `grok1_backend_entry`, constant data
 * emitted by GROK1_BACKEND_ENTRY below. It imports nothing of ours. The host (libgrok1.so) reads the plugin's ELF note
 * before it runs any of its code, negotiates, and then calls through the operator table. `grok1-conformance --backend
 * PATH` proves a plugin right; samples/backend_template is one to copy.
 *
 * The model is fixed: Grok-1's decoder (xai-org/grok-1, model.py), in any size. So the operators are model-shaped, a
 * dozen of them, and there is no graph. One pass over a batch of rows is
 *
 *   embed                     h = embedding rows * multiplier;  x = norm(h)
 *   per layer  attention      y = attention(x), appending K and V to the cache
 *              add_norm       h += norm(y, post scale);         x = norm(h, next scale)
 *              moe_route      r = best experts and gates of x
 *              moe_experts    y = sum of gated experts of x
 *              add_norm       h += norm(y, post scale);         x = norm(h, next scale)
 *   logits                    rows of x times the embedding, or an output matrix of its own
 *
 * Conventions:
 *  - Shapes are written [outer, inner], row-major, without padding unless a stride is named. Rows of a step are packed:
 *    chunks of several sequences one after the other.
 *  - norm(v, scale) = scale * v / sqrt(mean(v^2) + eps).
 *  - Every function returns 0 or a negative GROK1_E_* and then has written `err` (never NULL here): what was wanted,
 *    what was found, what to do. Argument structs begin with a grok1_head; a backend reads a field only if struct_size
 *    covers it and refuses chained structs it does not know, and bytes set beyond what it knows, with
 *    GROK1_E_UNKNOWN_FIELD.
 *  - Precision. Sums in float32 or better. A backend may hold the inputs of a linear layer as 15-bit numbers with one
 *    scale per 256 consecutive inputs, nothing coarser; h, y and the router's inputs stay float32.
 *  - Order. Work is enqueued on a queue and runs in order; a call may return before the work is done. A bad argument
 *    fails at once; a failure of the device is reported by the next queue_sync or event_wait. Host pointers given to
 *    a call on a queue must stay valid until that queue or an event after it has been waited for.
 *  - Threads. Functions of one device may be called by several threads at once, but a queue, event, buffer, KV cache,
 *    step, act, route or an unfinished weight is used by one thread at a time. Finished weights, layers and LM heads are
 *    immutable and shared by the steps of all threads. `[any]` marks functions without even that condition.
 *  - Out of memory leaves the device usable. GROK1_E_DEVICE_LOST is final for the device.
 *  - Operators allocate nothing: step_create made all scratch.
 *  - No call throws, exits, or changes signals, locale, environment or the floating-point state of the calling thread.
 *  - Tables and the descriptor only grow at the end; a slot exists if struct_size covers it. NULL means "not offered".
 *    Families of optional functions come through get_extension, named "grok1.NAME/REVISION".
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef GROK1_BACKEND_H
#define GROK1_BACKEND_H

#include "grok1.h"

#define GROK1_BACKEND_ABI_MAJOR 0 /* another major is refused */
#define GROK1_BACKEND_ABI_MINOR 2 /* grows when slots or fields are added */
#define GROK1_BACKEND_MAGIC 0x316b7267u /* "grk1", little-endian */

#ifdef __cplusplus
extern "C" {
#endif

typedef struct grok1_backend grok1_backend; /* what `open` made: one per runtime */
typedef struct grok1_device grok1_device;   /* an opened device */
typedef struct grok1_buffer grok1_buffer;   /* memory of a device or visible to it */
typedef struct grok1_queue grok1_queue;     /* in-order work */
typedef struct grok1_event grok1_event;     /* a point in a queue's work */
typedef struct grok1_weight grok1_weight;   /* a tensor, or a slice of one, as the device holds it */
typedef struct grok1_layer grok1_layer;     /* a decoder layer's weights, or the share of them that a device owns */
typedef struct grok1_lm_head grok1_lm_head; /* embedding and output matrix: first and last step of the model */
typedef struct grok1_kv grok1_kv;           /* KV pages of one session on one device */
typedef struct grok1_step grok1_step;       /* per-session scratch and the data of the current pass */
typedef struct grok1_act grok1_act;         /* normed rows in the form that the backend's operators read */
typedef struct grok1_route grok1_route;     /* chosen experts and gates of each row */

/* ---- Argument structs ------------------------------------------------------------------------------------------ */

enum {
  GROK1_TYPE_BACKEND_DEVICE = 0x1001,
  GROK1_TYPE_WEIGHT_DESC = 0x1002,
  GROK1_TYPE_WEIGHT_PLAN = 0x1003,
  GROK1_TYPE_WEIGHT_CHUNK = 0x1004,
  GROK1_TYPE_MODEL_DESC = 0x1005,
  GROK1_TYPE_LAYER_DESC = 0x1006,
  GROK1_TYPE_LM_HEAD_DESC = 0x1007,
  GROK1_TYPE_KV_DESC = 0x1008,
  GROK1_TYPE_STEP_LIMITS = 0x1009,
  GROK1_TYPE_STEP_DATA = 0x100a,
  GROK1_TYPE_EMBED_ARGS = 0x100b,
  GROK1_TYPE_ATTENTION_ARGS = 0x100c,
  GROK1_TYPE_ADD_NORM_ARGS = 0x100d,
  GROK1_TYPE_ROUTE_ARGS = 0x100e,
  GROK1_TYPE_EXPERTS_ARGS = 0x100f,
  GROK1_TYPE_LOGITS_ARGS = 0x1010,
  GROK1_TYPE_INPUTS = 0x1011
};

enum {
  GROK1_DEVICE_IN_PLACE = 1, /* weights can be used where the file is mapped, without a copy (see weight_plan) */
  GROK1_DEVICE_ASYNC = 2,    /* calls on a queue return before the work is done */
  GROK1_DEVICE_PREFERS_COPY = 4 /* weights in memory of the device's own are faster than mapped ones: several NUMA
                                   nodes. The host gives no `data` then, unless it is told otherwise or they do not fit */
};

typedef struct grok1_backend_device {
  grok1_head head;
  char name[128];       /* out, for people, UTF-8, NUL-terminated */
  uint64_t memory_total; /* out, bytes */
  uint64_t memory_free;  /* out, bytes, now */
  uint32_t kind;         /* out, GROK1_DEVICE_CPU ... */
  uint32_t flags;        /* out, GROK1_DEVICE_IN_PLACE, _ASYNC, _PREFERS_COPY */
} grok1_backend_device;
#define GROK1_INIT_grok1_backend_device \
  {{sizeof(grok1_backend_device), GROK1_TYPE_BACKEND_DEVICE, NULL}, {0}, 0, 0, 0, 0}

/* Where a buffer lives. */
enum {
  GROK1_MEMORY_DEVICE = 1, /* fast for the device; buffer_map may refuse */
  GROK1_MEMORY_HOST = 2    /* the host can map it and the device can copy from and to it (pinned, staging) */
};

/* The model's numbers. Relations a backend may rely on: heads % kv_heads == 0, head_dim is even, used <= experts <= 256;
 * query head h reads kv head h / (heads / kv_heads). */
typedef struct grok1_model_desc {
  grok1_head head;
  uint32_t d_model;
  uint32_t heads;
  uint32_t kv_heads;
  uint32_t head_dim;
  uint32_t ffn;
  uint32_t experts;
  uint32_t experts_used;
  uint32_t vocab_size;
  uint32_t layers;
  uint32_t context;           /* longest position + 1 that will be asked for */
  float embedding_multiplier; /* 78.38367176906169 in Grok-1 */
  float output_multiplier;    /* 0.5773502691896257 */
  float attention_multiplier; /* 0.08838834764831845 */
  float attention_soft_cap;   /* 30; 0: no cap */
  float rope_base;            /* 10000 */
  float rms_norm_eps;         /* 1e-5 */
} grok1_model_desc;
#define GROK1_INIT_grok1_model_desc                                                                              \
  {{sizeof(grok1_model_desc), GROK1_TYPE_MODEL_DESC, NULL}, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.0f, 0.0f, 0.0f, 0.0f, \
   0.0f, 0.0f}

/* ---- Weights --------------------------------------------------------------------------------------------------- */

/* A linear layer's weight maps K inputs to N outputs: out[n] = sum over k of in[k] * w[k][n]. */
enum {
  GROK1_ORDER_KN = 1, /* stored [experts, K, N], as xAI does */
  GROK1_ORDER_NK = 2  /* stored [experts, N, K]; the embedding, with N = vocab_size and K = d_model, and all blocks */
};
enum {
  GROK1_WEIGHT_LINEAR = 1, /* experts * K * N */
  GROK1_WEIGHT_VECTOR = 2  /* a norm's scale: K numbers, N = experts = 1, order KN, F32 or BF16 or F16 */
};

/* A tensor and the slice of it that a device shall hold. Ranges are half-open and count elements of the whole tensor.
 * Scales (encoding GROK1_ENCODING_I8 only) are stored [experts, groups, N]: w = int8 * scale[expert][k / (K / groups)][n];
 * K is a multiple of groups. A slice may cut a group.
 * Block encodings (GROK1_ENCODING_Q8_0 and after) are linear weights of order NK: blocks lie along K, so that a stored
 * row is K / elements of a block * bytes of a block. K, k_begin and k_end are multiples of a block's elements: a slice
 * has whole blocks. What blocks mean: docs/formats/encodings.md.
 * Supported encodings are asked by `supports`. */
typedef struct grok1_weight_desc {
  grok1_head head;
  uint32_t kind;           /* GROK1_WEIGHT_* */
  uint32_t encoding;       /* GROK1_ENCODING_* */
  uint32_t scale_encoding; /* GROK1_ENCODING_F32 or _BF16 with I8, otherwise GROK1_ENCODING_NONE */
  uint32_t order;          /* GROK1_ORDER_*; I8 only as KN, blocks only as NK */
  uint32_t experts;        /* of the whole tensor; 1 for a plain one */
  uint32_t groups;         /* scale groups of the whole tensor along K; 0 without scales */
  uint64_t k, n;           /* of the whole tensor */
  uint32_t expert_begin, expert_end;
  uint64_t k_begin, k_end;
  uint64_t n_begin, n_end;
  const void *data;   /* the whole tensor in host memory, unaligned, or NULL. If given it stays valid and unchanged until
                         weight_free, and a device with GROK1_DEVICE_IN_PLACE may use it without a copy */
  const void *scales; /* the same for the scales */
} grok1_weight_desc;
#define GROK1_INIT_grok1_weight_desc \
  {{sizeof(grok1_weight_desc), GROK1_TYPE_WEIGHT_DESC, NULL}, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL}

typedef struct grok1_weight_plan {
  grok1_head head;
  uint64_t device_bytes;  /* out, memory that the weight will occupy on the device; 0 when used in place */
  uint64_t scratch_bytes; /* out, device memory needed between weight_begin and weight_end besides */
  uint32_t in_place;      /* out, 1: weight_begin takes `data` and `scales`, no chunk follows */
  char layout_tag[36];    /* out, names the packed layout, for caches of packed files: "plain", "i8.16x64" ... */
} grok1_weight_plan;
#define GROK1_INIT_grok1_weight_plan \
  {{sizeof(grok1_weight_plan), GROK1_TYPE_WEIGHT_PLAN, NULL}, 0, 0, 0, {0}}

/* A rectangle of a tensor's stored matrix, in host memory. Outer is K for order KN and N for NK; inner is the other.
 * Chunks lie inside the slice, do not overlap and together cover it; their order is free. The inner range is always the
 * slice's whole. For scales, outer counts groups: those that the slice touches. Of blocks a row has whole ones. */
typedef struct grok1_weight_chunk {
  grok1_head head;
  const void *data;       /* first element, or block, of the rectangle */
  uint64_t outer_begin;   /* in elements (groups) of the whole tensor */
  uint64_t outer_end;
  uint64_t row_bytes;     /* stride from one outer index to the next */
  uint32_t expert;        /* of the whole tensor */
  uint32_t scales;        /* 0: weights, 1: scales */
} grok1_weight_chunk;
#define GROK1_INIT_grok1_weight_chunk {{sizeof(grok1_weight_chunk), GROK1_TYPE_WEIGHT_CHUNK, NULL}, NULL, 0, 0, 0, 0, 0}

/* ---- Binding --------------------------------------------------------------------------------------------------- */

/* What a device owns of a layer. A share is a range of kv heads (with their query heads), a range of experts and a range
 * of ffn columns; the weights are slices of exactly that range:
 *   q      [d_model, heads * head_dim]      n range = query heads of the kv head range * head_dim
 *   k, v   [d_model, kv_heads * head_dim]   n range = kv heads * head_dim
 *   o      [heads * head_dim, d_model]      k range = as q's n range
 *   router [d_model, experts]               whole
 *   gate, up [experts, d_model, ffn]        expert range; n range = ffn range
 *   down   [experts, ffn, d_model]          expert range; k range = ffn range
 * q, k, v, o are all NULL on a device that has no attention of this layer, gate, up, down on one that has no experts,
 * router on one that does not route. */
typedef struct grok1_layer_desc {
  grok1_head head;
  const grok1_model_desc *model;
  const grok1_weight *q, *k, *v, *o;
  const grok1_weight *router;
  const grok1_weight *gate, *up, *down;
  uint32_t index; /* layer number, 0 .. layers-1: which pages of the KV cache */
  uint32_t kv_head_begin, kv_head_end;
  uint32_t expert_begin, expert_end;
  uint32_t ffn_begin, ffn_end;
  uint32_t flags; /* 0 */
} grok1_layer_desc;
#define GROK1_INIT_grok1_layer_desc                                                                               \
  {{sizeof(grok1_layer_desc), GROK1_TYPE_LAYER_DESC, NULL}, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, \
   0, 0, 0, 0, 0, 0, 0}

/* The embedding, order NK with K = d_model, N = vocab_size, or a vocabulary range of it (its n range); and the matrix
 * that makes logits, where that is another one of the same shape, order and range. */
typedef struct grok1_lm_head_desc {
  grok1_head head;
  const grok1_model_desc *model;
  const grok1_weight *embedding;
  uint32_t vocab_begin, vocab_end;
  const grok1_weight *output; /* what `logits` multiplies; NULL: the embedding (Grok-1's is tied). ABI 0.2 */
} grok1_lm_head_desc;
#define GROK1_INIT_grok1_lm_head_desc \
  {{sizeof(grok1_lm_head_desc), GROK1_TYPE_LM_HEAD_DESC, NULL}, NULL, NULL, 0, 0, NULL}

/* ---- KV cache -------------------------------------------------------------------------------------------------- */

/* The pages of one session on one device. A page holds page_tokens tokens of one sequence, K and V of the kv head range,
 * for each of the listed layers; a page id is valid in all of them. K is stored after RoPE.
 *
 * K or V of one token and kv head is a row of head_dim numbers x. What is stored, and read as:
 *   GROK1_CACHE_F32, _BF16, _F16   each x rounded to nearest even
 *   GROK1_CACHE_I8                 a float scale s = max|x| / 127 of the row, and int8 d = x / s rounded to nearest even;
 *                                  read as d * s. If max|x| < 1e-30, s and all d are 0; if an x is infinite or not a number,
 *                                  s is NaN and all d are 0, so that the row reads as NaN
 * The canonical layout of tokens is K [n_tokens, kv heads of the range, row], then V in the same shape, little-endian and
 * without padding; a row is head_dim numbers, for GROK1_CACHE_I8 the float s and then head_dim bytes d. */
typedef struct grok1_kv_desc {
  grok1_head head;
  const grok1_model_desc *model;
  const uint32_t *layers; /* [n_layers] layer numbers, ascending */
  uint32_t n_layers;
  uint32_t kv_head_begin, kv_head_end;
  uint32_t page_tokens; /* a power of two, 16 .. 256 */
  uint32_t n_pages;
  uint32_t type; /* GROK1_CACHE_F32, _BF16, _F16, _I8 */
} grok1_kv_desc;
#define GROK1_INIT_grok1_kv_desc {{sizeof(grok1_kv_desc), GROK1_TYPE_KV_DESC, NULL}, NULL, NULL, 0, 0, 0, 0, 0, 0}

/* ---- Step ------------------------------------------------------------------------------------------------------ */

/* Upper bounds of every pass that a step will carry. */
typedef struct grok1_step_limits {
  grok1_head head;
  const grok1_model_desc *model;
  uint32_t max_rows;
  uint32_t max_chunks;
  uint32_t max_pages;      /* per sequence: columns of the page table */
  uint32_t max_logit_rows;
  uint32_t page_tokens;    /* of the KV cache that the step works on */
  uint32_t flags;          /* 0 */
} grok1_step_limits;
#define GROK1_INIT_grok1_step_limits \
  {{sizeof(grok1_step_limits), GROK1_TYPE_STEP_LIMITS, NULL}, NULL, 0, 0, 0, 0, 0, 0}

/* The data of one pass, in host memory. Row r belongs to the chunk c with chunk_begin[c] <= r < chunk_begin[c + 1]; its
 * position in its sequence is position[r], and within a chunk positions rise by one. K and V of position p of chunk c
 * are at token p % page_tokens of page page_table[c][p / page_tokens]. Pages that the pass writes belong to one
 * sequence only. */
typedef struct grok1_step_data {
  grok1_head head;
  const int32_t *tokens;       /* [n_rows] ids, 0 .. vocab_size-1 */
  const uint32_t *positions;   /* [n_rows] */
  const uint32_t *chunk_begin; /* [n_chunks + 1], chunk_begin[n_chunks] = n_rows */
  const uint32_t *page_table;  /* [n_chunks, max_pages] of the step's limits; entries behind the last used are any */
  const uint32_t *logit_rows;  /* [n_logit_rows] rows whose logits are wanted, ascending */
  uint32_t n_rows;   /* >= 1 */
  uint32_t n_chunks; /* >= 1 */
  uint32_t n_logit_rows;
  uint32_t flags; /* 0 */
} grok1_step_data;
#define GROK1_INIT_grok1_step_data \
  {{sizeof(grok1_step_data), GROK1_TYPE_STEP_DATA, NULL}, NULL, NULL, NULL, NULL, NULL, 0, 0, 0, 0}

/* ---- Operators ------------------------------------------------------------------------------------------------- */

/* Arguments common to all operators are the queue and the step, whose current pass (step_set) says how many rows there
 * are. h and y are float32 [n_rows, d_model] in buffers of the device; offsets are in bytes, multiples of 4. */

typedef struct grok1_embed_args {
  grok1_head head;
  grok1_queue *queue;
  grok1_step *step;
  const grok1_lm_head *lm_head;
  const grok1_weight *next_norm; /* [d_model] scale of the norm that makes x; NULL when x is NULL */
  grok1_buffer *h;               /* out: float [n_rows, d_model] */
  uint64_t h_offset;
  grok1_act *x;                  /* out: norm(h, next_norm); NULL: h only */
} grok1_embed_args;
#define GROK1_INIT_grok1_embed_args \
  {{sizeof(grok1_embed_args), GROK1_TYPE_EMBED_ARGS, NULL}, NULL, NULL, NULL, NULL, NULL, 0, NULL}

typedef struct grok1_attention_args {
  grok1_head head;
  grok1_queue *queue;
  grok1_step *step;
  const grok1_layer *layer;
  grok1_kv *kv;
  const grok1_act *x;
  grok1_buffer *y; /* out: float [n_rows, d_model], overwritten */
  uint64_t y_offset;
} grok1_attention_args;
#define GROK1_INIT_grok1_attention_args \
  {{sizeof(grok1_attention_args), GROK1_TYPE_ATTENTION_ARGS, NULL}, NULL, NULL, NULL, NULL, NULL, NULL, 0}

typedef struct grok1_add_norm_args {
  grok1_head head;
  grok1_queue *queue;
  grok1_step *step;
  const grok1_weight *post_norm; /* [d_model] scale for y; NULL when y is NULL */
  const grok1_weight *next_norm; /* [d_model] scale for x; NULL when x is NULL */
  const grok1_layer *route_for;  /* hint: the layer whose moe_route will read x next, so that a backend may compute the
                                    router's sums here; NULL: none */
  grok1_buffer *h;               /* in and out: float [n_rows, d_model] */
  grok1_buffer *y;               /* in: float [n_rows, d_model]; NULL: h is unchanged, x = norm(h, next_norm) */
  uint64_t h_offset, y_offset;
  grok1_act *x;                  /* out; NULL: not wanted */
} grok1_add_norm_args;
#define GROK1_INIT_grok1_add_norm_args                                                                              \
  {{sizeof(grok1_add_norm_args), GROK1_TYPE_ADD_NORM_ARGS, NULL}, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, NULL}

typedef struct grok1_route_args {
  grok1_head head;
  grok1_queue *queue;
  grok1_step *step;
  const grok1_layer *layer; /* one that has a router */
  const grok1_act *x;
  grok1_route *route; /* out */
} grok1_route_args;
#define GROK1_INIT_grok1_route_args {{sizeof(grok1_route_args), GROK1_TYPE_ROUTE_ARGS, NULL}, NULL, NULL, NULL, NULL, NULL}

typedef struct grok1_experts_args {
  grok1_head head;
  grok1_queue *queue;
  grok1_step *step;
  const grok1_layer *layer;
  const grok1_act *x;
  const grok1_route *route;
  grok1_buffer *y; /* out: float [n_rows, d_model], overwritten */
  uint64_t y_offset;
} grok1_experts_args;
#define GROK1_INIT_grok1_experts_args \
  {{sizeof(grok1_experts_args), GROK1_TYPE_EXPERTS_ARGS, NULL}, NULL, NULL, NULL, NULL, NULL, NULL, 0}

typedef struct grok1_logits_args {
  grok1_head head;
  grok1_queue *queue;
  grok1_step *step;
  const grok1_lm_head *lm_head;
  const grok1_act *x;   /* rows normed with the final norm */
  grok1_buffer *logits; /* out: float [n_logit_rows, vocab_end - vocab_begin] */
  uint64_t logits_offset;
} grok1_logits_args;
#define GROK1_INIT_grok1_logits_args \
  {{sizeof(grok1_logits_args), GROK1_TYPE_LOGITS_ARGS, NULL}, NULL, NULL, NULL, NULL, NULL, 0}

/* What `supports` is asked. */
enum {
  GROK1_SUPPORT_LINEAR = 1, /* a: encoding, b: scale encoding, c: order of a linear weight, the router's too */
  GROK1_SUPPORT_VECTOR = 2, /* a: encoding of a norm's scale */
  GROK1_SUPPORT_CACHE = 3,  /* a: GROK1_CACHE_* */
  GROK1_SUPPORT_EMBEDDING = 4 /* a: encoding of the embedding or of an output matrix of its own */
};

/* The operator table. Slots marked [required] must be there; the host checks them by name when it loads the plugin. */
typedef struct grok1_backend_ops {
  uint32_t struct_size; /* sizeof(grok1_backend_ops) of the plugin's header */
  uint32_t reserved;    /* 0 */

  /* -- Backend and devices -- */

  /* Ends the backend; all its devices are closed. [required] [any] */
  void(GROK1_CALL *close)(grok1_backend *backend);

  /* How many devices there are. None is a success with *count = 0; GROK1_E_NOT_FOUND with a message says why there is
   * none (no driver), GROK1_E_UNSUPPORTED that the driver is too old. [required] [any] */
  grok1_status(GROK1_CALL *device_count)(grok1_backend *backend, uint32_t *count, grok1_error *err);

  /* Describes a device without opening it. [required] [any] */
  grok1_status(GROK1_CALL *device_info)(grok1_backend *backend, uint32_t index, grok1_backend_device *info,
                                        grok1_error *err);

  /* Opens a device. `options` is "key=value,key=value", NUL-terminated, maybe "": a key the backend does not know is
   * ignored, a bad value is GROK1_E_INVALID_ARGUMENT. Known to every CPU backend: threads=N. A device may be opened more
   * than once, each with its own state. [required] [any] */
  grok1_status(GROK1_CALL *device_open)(grok1_backend *backend, uint32_t index, const char *options,
                                        grok1_device **device, grok1_error *err);

  /* Closes a device; everything made from it has been destroyed before. [required] */
  void(GROK1_CALL *device_close)(grok1_device *device);

  /* 0 if the device can do what `what` (GROK1_SUPPORT_*) and its parameters ask, GROK1_E_UNSUPPORTED with the reason if
   * not. Asked when planning, never in the token loop. Every backend supports F32 and I8 with BF16 scales as KN, F32 as
   * NK, F32 vectors and an F32 cache; none need take blocks. [required] */
  grok1_status(GROK1_CALL *supports)(grok1_device *device, uint32_t what, uint32_t a, uint32_t b, uint32_t c,
                                     grok1_error *err);

  /* A family of optional functions, or NULL: a table that begins with struct_size. The slot itself may be NULL. [any] */
  const void *(GROK1_CALL *get_extension)(grok1_backend *backend, const char *id);

  /* -- Memory -- */

  /* Allocates `size` > 0 bytes in GROK1_MEMORY_*, aligned to 64 at least, content undefined. [required] */
  grok1_status(GROK1_CALL *buffer_alloc)(grok1_device *device, uint64_t size, uint32_t memory, grok1_buffer **buffer,
                                         grok1_error *err);

  /* NULL is ignored. No queue may still use it. [required] */
  void(GROK1_CALL *buffer_free)(grok1_buffer *buffer);

  /* The host's address of a buffer, valid until it is freed. GROK1_E_UNSUPPORTED for device memory that the host cannot
   * see; always works for GROK1_MEMORY_HOST. [required] */
  grok1_status(GROK1_CALL *buffer_map)(grok1_buffer *buffer, void **address, grok1_error *err);

  /* Copies between two buffers of the device; ranges inside the buffers, not overlapping. [required] */
  grok1_status(GROK1_CALL *copy)(grok1_queue *queue, grok1_buffer *dst, uint64_t dst_offset, const grok1_buffer *src,
                                 uint64_t src_offset, uint64_t size, grok1_error *err);

  /* Sets bytes to `value`. [required] */
  grok1_status(GROK1_CALL *fill)(grok1_queue *queue, grok1_buffer *dst, uint64_t dst_offset, uint64_t size,
                                 uint8_t value, grok1_error *err);

  /* -- Order -- */

  /* [required] */
  grok1_status(GROK1_CALL *queue_create)(grok1_device *device, grok1_queue **queue, grok1_error *err);

  /* Waits for the queue's work. NULL is ignored. [required] */
  void(GROK1_CALL *queue_destroy)(grok1_queue *queue);

  /* Waits for all work enqueued so far and reports its first failure. [required] */
  grok1_status(GROK1_CALL *queue_sync)(grok1_queue *queue, grok1_error *err);

  /* [required] */
  grok1_status(GROK1_CALL *event_create)(grok1_device *device, grok1_event **event, grok1_error *err);

  /* NULL is ignored. [required] */
  void(GROK1_CALL *event_destroy)(grok1_event *event);

  /* Makes the event stand for all work enqueued on the queue so far. [required] */
  grok1_status(GROK1_CALL *event_record)(grok1_event *event, grok1_queue *queue, grok1_error *err);

  /* Makes work enqueued later on `queue` wait for the event; both of one backend. [required] */
  grok1_status(GROK1_CALL *queue_wait)(grok1_queue *queue, grok1_event *event, grok1_error *err);

  /* Waits on the host for an event; one that was never recorded is done. Reports a failure of the work before it.
   * [required] */
  grok1_status(GROK1_CALL *event_wait)(grok1_event *event, grok1_error *err);

  /* -- Weights: weight_plan, then weight_begin, weight_chunk as often as needed, weight_end -- */

  /* Says how the device would hold the slice; allocates nothing. Without `data` the answer is that for chunks: in_place 0
   * and device_bytes what a copy takes. [required] */
  grok1_status(GROK1_CALL *weight_plan)(grok1_device *device, const grok1_weight_desc *desc, grok1_weight_plan *plan,
                                        grok1_error *err);

  /* Allocates; if the plan said in_place, the weight is complete with weight_end and no chunk. [required] */
  grok1_status(GROK1_CALL *weight_begin)(grok1_device *device, const grok1_weight_desc *desc, grok1_weight **weight,
                                         grok1_error *err);

  /* Takes a rectangle from host memory, which must stay valid until the queue is synchronised. [required] */
  grok1_status(GROK1_CALL *weight_chunk)(grok1_weight *weight, grok1_queue *queue, const grok1_weight_chunk *chunk,
                                         grok1_error *err);

  /* Completes the weight: the work is done when the queue is synchronised. Fails with GROK1_E_INVALID_ARGUMENT when
   * chunks are missing. [required] */
  grok1_status(GROK1_CALL *weight_end)(grok1_weight *weight, grok1_queue *queue, grok1_error *err);

  /* No layer or LM head that uses it is left. NULL is ignored. [required] */
  void(GROK1_CALL *weight_free)(grok1_weight *weight);

  /* -- Binding -- */

  /* Freezes shapes, shares and weights of a layer. Refuses weights whose shape or slice is not the one that
   * grok1_layer_desc states. Copies the descriptions; the weights stay referenced. [required] */
  grok1_status(GROK1_CALL *layer_bind)(grok1_device *device, const grok1_layer_desc *desc, grok1_layer **layer,
                                       grok1_error *err);

  /* NULL is ignored. [required] */
  void(GROK1_CALL *layer_free)(grok1_layer *layer);

  /* [required] */
  grok1_status(GROK1_CALL *lm_head_bind)(grok1_device *device, const grok1_lm_head_desc *desc, grok1_lm_head **lm_head,
                                         grok1_error *err);

  /* NULL is ignored. [required] */
  void(GROK1_CALL *lm_head_free)(grok1_lm_head *lm_head);

  /* -- KV cache -- */

  /* Bytes of device memory that kv_create will take. [required] */
  grok1_status(GROK1_CALL *kv_plan)(grok1_device *device, const grok1_kv_desc *desc, uint64_t *bytes, grok1_error *err);

  /* [required] */
  grok1_status(GROK1_CALL *kv_create)(grok1_device *device, const grok1_kv_desc *desc, grok1_kv **kv, grok1_error *err);

  /* NULL is ignored. [required] */
  void(GROK1_CALL *kv_destroy)(grok1_kv *kv);

  /* Copies the first n_tokens tokens of page src[i] to page dst[i], i < n_pages, in every layer: how a shared page
   * becomes private before an append. Pages of dst are distinct and not among src. [required] */
  grok1_status(GROK1_CALL *kv_copy_pages)(grok1_kv *kv, grok1_queue *queue, const uint32_t *src, const uint32_t *dst,
                                          const uint32_t *n_tokens, size_t n_pages, grok1_error *err);

  /* Writes the first n_tokens tokens of a page of one layer to host memory in the canonical layout (grok1_kv_desc), in
   * the cache's own type. `size` must be exactly that: 2 * n_tokens * kv heads * the bytes of a row, which are head_dim
   * times 4 or 2, or head_dim + 4 for GROK1_CACHE_I8. Complete when the queue is synchronised. [required] */
  grok1_status(GROK1_CALL *kv_export)(grok1_kv *kv, grok1_queue *queue, uint32_t layer, uint32_t page,
                                      uint32_t n_tokens, void *data, uint64_t size, grok1_error *err);

  /* The inverse of kv_export. [required] */
  grok1_status(GROK1_CALL *kv_import)(grok1_kv *kv, grok1_queue *queue, uint32_t layer, uint32_t page,
                                      uint32_t n_tokens, const void *data, uint64_t size, grok1_error *err);

  /* -- Step -- */

  /* Bytes of device memory that step_create, with one act and one route, will take. [required] */
  grok1_status(GROK1_CALL *step_plan)(grok1_device *device, const grok1_step_limits *limits, uint64_t *bytes,
                                      grok1_error *err);

  /* Makes all scratch for passes within the limits. [required] */
  grok1_status(GROK1_CALL *step_create)(grok1_device *device, const grok1_step_limits *limits, grok1_step **step,
                                        grok1_error *err);

  /* NULL is ignored. [required] */
  void(GROK1_CALL *step_destroy)(grok1_step *step);

  /* Sets the data of the pass that follows; copied during the call. Refuses what exceeds the limits or contradicts
   * grok1_step_data. Operators enqueued before still see the former data. [required] */
  grok1_status(GROK1_CALL *step_set)(grok1_step *step, grok1_queue *queue, const grok1_step_data *data,
                                     grok1_error *err);

  /* Normed rows for passes of this step; destroyed before it. [required] */
  grok1_status(GROK1_CALL *act_create)(grok1_step *step, grok1_act **act, grok1_error *err);
  void(GROK1_CALL *act_destroy)(grok1_act *act); /* NULL is ignored. [required] */

  /* Writes the rows as float [n_rows, d_model] to a buffer that the host can map, or reads them from it: how x travels
   * to another device. What import made must be indistinguishable to operators from what add_norm made of the same
   * float rows. [required] */
  grok1_status(GROK1_CALL *act_export)(grok1_step *step, grok1_queue *queue, const grok1_act *act, grok1_buffer *rows,
                                       uint64_t offset, grok1_error *err);
  grok1_status(GROK1_CALL *act_import)(grok1_step *step, grok1_queue *queue, grok1_act *act, const grok1_buffer *rows,
                                       uint64_t offset, grok1_error *err);

  /* Chosen experts and gates for passes of this step; destroyed before it. [required] */
  grok1_status(GROK1_CALL *route_create)(grok1_step *step, grok1_route **route, grok1_error *err);
  void(GROK1_CALL *route_destroy)(grok1_route *route); /* NULL is ignored. [required] */

  /* Experts as int32 [n_rows, experts_used], best first, and gates as float of the same shape, to or from buffers that
   * the host can map. [required] */
  grok1_status(GROK1_CALL *route_export)(grok1_step *step, grok1_queue *queue, const grok1_route *route,
                                         grok1_buffer *experts, uint64_t experts_offset, grok1_buffer *gates,
                                         uint64_t gates_offset, grok1_error *err);
  grok1_status(GROK1_CALL *route_import)(grok1_step *step, grok1_queue *queue, grok1_route *route,
                                         const grok1_buffer *experts, uint64_t experts_offset,
                                         const grok1_buffer *gates, uint64_t gates_offset, grok1_error *err);

  /* -- Operators of a pass -- */

  /* h[r] = embedding[token[r]] * embedding_multiplier, for tokens of the LM head's vocabulary range; zero for others, so
   * that the parts of a split vocabulary add up. x = norm(h, next_norm). [required] */
  grok1_status(GROK1_CALL *embed)(grok1_device *device, const grok1_embed_args *args, grok1_error *err);

  /* For each row r at position p of its sequence, with the layer's kv head range:
   *   q, k, v = x[r] . Wq, Wk, Wv
   *   RoPE on q and k, all head_dim dimensions, halves rotated (GPT-NeoX): with half = head_dim / 2, i < half and
   *     a = p * rope_base^(-2 i / head_dim):
   *     out[i] = in[i] cos a - in[i + half] sin a,  out[i + half] = in[i + half] cos a + in[i] sin a
   *   k and v are stored at position p of the row's sequence in the form of the cache's type; all rows of the pass are
   *     stored before any is read, and every read is of the stored value
   *   l[j] = (q . k[j]) * attention_multiplier, for all positions j <= p of the sequence
   *   l[j] = cap * tanh(l[j] / cap), if attention_soft_cap is not 0
   *   out  = sum over j of softmax(l)[j] * v[j], softmax with the largest l subtracted
   *   y[r] = concat of the heads' out . Wo: the partial sum of this device's heads, before the post-norm.
   * [required] */
  grok1_status(GROK1_CALL *attention)(grok1_device *device, const grok1_attention_args *args, grok1_error *err);

  /* h += norm(y, post_norm), then x = norm(h, next_norm). [required] */
  grok1_status(GROK1_CALL *add_norm)(grok1_device *device, const grok1_add_norm_args *args, grok1_error *err);

  /* s = x[r] . router, in float32 or better; p = softmax(s) over all experts; the experts_used experts of the largest p,
   * best first, equal ones by lower index; gates are their p, NOT renormalised. [required] */
  grok1_status(GROK1_CALL *moe_route)(grok1_device *device, const grok1_route_args *args, grok1_error *err);

  /* y[r] = sum over the chosen experts e in the layer's expert range of
   *          gate_e * ( ( gelu(x[r] . Wgate_e) * (x[r] . Wup_e) ) . Wdown_e )
   * with gelu(a) = 0.5 a (1 + tanh(sqrt(2 / pi) (a + 0.044715 a^3))), over the layer's ffn range: the partial sum of this
   * device's share, before the post-norm; zero for rows with no expert here. [required] */
  grok1_status(GROK1_CALL *moe_experts)(grok1_device *device, const grok1_experts_args *args, grok1_error *err);

  /* y[i] += x[i] for i < count floats: sums that the host stages between devices. [required] */
  grok1_status(GROK1_CALL *accumulate)(grok1_queue *queue, grok1_buffer *y, uint64_t y_offset, const grok1_buffer *x,
                                       uint64_t x_offset, uint64_t count, grok1_error *err);

  /* logits[i][v - vocab_begin] = (x[logit_rows[i]] . output[v]) * output_multiplier, v in the vocabulary range; `output`
   * is the LM head's, or its embedding. [required] */
  grok1_status(GROK1_CALL *logits)(grok1_device *device, const grok1_logits_args *args, grok1_error *err);
} grok1_backend_ops;

/* ---- Extension "grok1.comm/1" ----------------------------------------------------------------------------------- */

/* Sums among devices of one backend, for layers whose heads or experts are divided among them: every rank holds h and
 * runs the same add_norm on the same y. A communicator is used by one thread at a time. get_extension returns a
 * grok1_comm_ops, or NULL where the backend has no such thing; the host then stages sums with `accumulate`. */
typedef struct grok1_comm grok1_comm;

typedef struct grok1_comm_ops {
  uint32_t struct_size; /* sizeof(grok1_comm_ops) of the plugin's header */
  uint32_t reserved;    /* 0 */

  /* A communicator of n_devices >= 2 different devices; its place in the array is a device's rank. `max_count` is the
   * largest count that all_reduce will be asked for: scratch is made here. */
  grok1_status(GROK1_CALL *comm_create)(grok1_device *const *devices, uint32_t n_devices, uint64_t max_count,
                                        grok1_comm **comm, grok1_error *err);

  /* Its work is done. NULL is ignored. */
  void(GROK1_CALL *comm_destroy)(grok1_comm *comm);

  /* On every rank r, buffers[r] from offsets[r] on becomes the sum of all ranks' `count` floats, added in the order of
   * ranks, so that all get the same bits. Enqueued on queues[r] behind what is there; arrays are [n_devices]. */
  grok1_status(GROK1_CALL *all_reduce)(grok1_comm *comm, grok1_queue *const *queues, grok1_buffer *const *buffers,
                                       const uint64_t *offsets, uint64_t count, grok1_error *err);
} grok1_comm_ops;

/* ---- Extension "grok1.measure/1" -------------------------------------------------------------------------------- */

/* What a device reaches when it does nothing else: the limits that its speed is compared with, in the same process and
 * the same minute. get_extension returns a grok1_measure_ops, or NULL where the backend has no such thing. */
enum {
  GROK1_MEASURE_READ = 1,    /* bytes per second of a plain read of `bytes` bytes of the device's memory */
  GROK1_MEASURE_DOT_I8 = 2,  /* int8 times int8, summed in int32 */
  GROK1_MEASURE_DOT_I16 = 3, /* int16 times int16, summed in int32 */
  GROK1_MEASURE_FMA = 4      /* float32 */
};

typedef struct grok1_measure_ops {
  uint32_t struct_size; /* sizeof(grok1_measure_ops) of the plugin's header */
  uint32_t reserved;    /* 0 */

  /* Measures GROK1_MEASURE_* with all of the device's threads or units, for some hundredths of a second. The last three
   * stay in registers, use the instruction that the device's operators use for such numbers, and count a multiplication
   * and an addition as two operations. `bytes` > 0 is the size of the buffer that is read, made for the call: larger than
   * every cache if memory is meant; the others ignore it. *rate: bytes or operations per second. GROK1_E_UNSUPPORTED:
   * the device has no such instruction. Work on the device's queues at the same time spoils the figure, nothing else. */
  grok1_status(GROK1_CALL *measure)(grok1_device *device, uint32_t what, uint64_t bytes, double *rate,
                                    grok1_error *err);
} grok1_measure_ops;

/* ---- Extension "grok1.inputs/1" --------------------------------------------------------------------------------- */

/* Shows the inputs of linear layers, for statistics of them. get_extension returns a grok1_inputs_ops, or NULL where the
 * backend has no such thing. The router's inputs are not shown: they are x of all rows, as for gate and up. */
enum {
  GROK1_INPUTS_QKV = 1,     /* of q, k and v: float [n_rows, d_model], x */
  GROK1_INPUTS_O = 2,       /* of o: float [n_rows, query heads of the share * head_dim], the heads' out */
  GROK1_INPUTS_GATE_UP = 3, /* of an expert's gate and up: float [n_rows, d_model], x of rows that chose it */
  GROK1_INPUTS_DOWN = 4,    /* of its down: float [n_rows, ffn columns of the share], gelu(x . Wgate) * (x . Wup) */
  GROK1_INPUTS_HEAD = 5     /* of the output matrix: float [n_rows, d_model], x of rows whose logits are wanted */
};

/* Some rows of inputs. Written by the backend; the host reads a field only if struct_size covers it. */
typedef struct grok1_inputs {
  grok1_head head;
  uint32_t what;     /* GROK1_INPUTS_* */
  uint32_t layer;    /* grok1_layer_desc.index; 0 for the output matrix */
  uint32_t expert;   /* of the whole model; 0 where there is none */
  uint32_t n_rows;   /* >= 1 */
  uint64_t width;    /* numbers in a row */
  const float *rows; /* [n_rows, width], in host memory, valid during the call */
} grok1_inputs;
#define GROK1_INIT_grok1_inputs {{sizeof(grok1_inputs), GROK1_TYPE_INPUTS, NULL}, 0, 0, 0, 0, 0, NULL}

/* Calls nothing of the backend and lets nothing be thrown. */
typedef void(GROK1_CALL *grok1_inputs_fn)(void *context, const grok1_inputs *inputs);

typedef struct grok1_inputs_ops {
  uint32_t struct_size; /* sizeof(grok1_inputs_ops) of the plugin's header */
  uint32_t reserved;    /* 0 */

  /* From now on attention, moe_experts and logits of this step call `fn` with the inputs of each matrix that they
   * multiply, on the thread that called them and before they return: the float32 numbers themselves, before a backend
   * makes integers of them. The rows of one `what`, layer and expert come once each and in the order of the pass, in
   * one call or several. The results of the operators do not change by one bit. fn NULL ends it. */
  grok1_status(GROK1_CALL *step_observe)(grok1_step *step, grok1_inputs_fn fn, void *context, grok1_error *err);
} grok1_inputs_ops;

/* ---- Descriptor and entry -------------------------------------------------------------------------------------- */

/* What the host offers a backend. Lives as long as the backend. */
typedef struct grok1_backend_host {
  uint32_t struct_size;
  uint16_t abi_major, abi_minor; /* the host's */
  void *context;                 /* first argument of the functions */
  /* Logs `size` bytes of UTF-8 at GROK1_LOG_*; queued and delivered on a thread of the application. [any] */
  void(GROK1_CALL *log)(void *context, int32_t level, const char *message, size_t size);
} grok1_backend_host;

enum {
  GROK1_BACKEND_EXPLICIT_ONLY = 1 /* its devices are used only when named */
};

typedef struct grok1_backend_descriptor {
  uint32_t struct_size;
  uint32_t magic; /* GROK1_BACKEND_MAGIC */
  uint16_t abi_major, abi_minor;
  uint32_t flags;      /* GROK1_BACKEND_EXPLICIT_ONLY */
  const char *id;      /* 1 .. 31 of [a-z0-9_]: the name in device strings, the ID of libgrok1_ID.so */
  const char *vendor;  /* for people */
  const char *version; /* of the plugin, for people */
  /* Starts the backend. May be called again, also while another is open: a plugin keeps no state outside `backend`.
   * `ops` is constant and lives as long as the plugin; neither out-parameter is NULL after success. [any] */
  grok1_status(GROK1_CALL *open)(const grok1_backend_host *host, grok1_backend **backend, const grok1_backend_ops **ops,
                                 grok1_error *err);
} grok1_backend_descriptor;

/* An ELF note, name "grok1", type GROK1_BACKEND_NOTE: read from the file before any code of the plugin runs. */
#define GROK1_BACKEND_NOTE 1
typedef struct grok1_backend_note {
  uint32_t name_size, desc_size, type;
  char name[8]; /* "grok1" */
  uint16_t abi_major, abi_minor;
  uint32_t cpu_level; /* x86-64 psABI level that the plugin's entry file was compiled for, 1 .. 4; 0 on other machines */
} grok1_backend_note;

#if defined(__x86_64__) && defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512VL__)
#define GROK1_BACKEND_CPU_LEVEL 4
#elif defined(__x86_64__) && defined(__AVX2__) && defined(__FMA__)
#define GROK1_BACKEND_CPU_LEVEL 3
#elif defined(__x86_64__) && defined(__SSE4_2__)
#define GROK1_BACKEND_CPU_LEVEL 2
#elif defined(__x86_64__)
#define GROK1_BACKEND_CPU_LEVEL 1
#else
#define GROK1_BACKEND_CPU_LEVEL 0
#endif

#ifdef __cplusplus
#define GROK1_BACKEND_LINKAGE extern "C"
#else
#define GROK1_BACKEND_LINKAGE extern
#endif

/* Emits the entry and the note; once, in one file of the plugin, at file scope:
 *   GROK1_BACKEND_ENTRY("mine", "Example Ltd.", "1.0", 0, my_open)
 * The entry is the plugin's only exported symbol: link with hidden visibility, or a version script
 * `{ global: grok1_backend_entry; local: *; };`. */
#define GROK1_BACKEND_ENTRY(id, vendor, version, flags, open)                                                       \
  __attribute__((used, aligned(4), section(".note.grok1"))) static const grok1_backend_note grok1_backend_note_ = { \
      6,                                                                                                            \
      8,                                                                                                            \
      GROK1_BACKEND_NOTE,                                                                                           \
      {'g', 'r', 'o', 'k', '1', 0, 0, 0},                                                                           \
      GROK1_BACKEND_ABI_MAJOR,                                                                                      \
      GROK1_BACKEND_ABI_MINOR,                                                                                      \
      GROK1_BACKEND_CPU_LEVEL};                                                                                     \
  GROK1_BACKEND_LINKAGE __attribute__((visibility("default"))) const grok1_backend_descriptor grok1_backend_entry;  \
  const grok1_backend_descriptor grok1_backend_entry = {                                                            \
      sizeof(grok1_backend_descriptor), GROK1_BACKEND_MAGIC, GROK1_BACKEND_ABI_MAJOR, GROK1_BACKEND_ABI_MINOR, flags, \
      id, vendor, version, open};

#ifdef __cplusplus
}
#endif
#endif /* GROK1_BACKEND_H */
