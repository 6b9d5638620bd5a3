/* Chooses the hardware at run time: shows which backends were found and why others are not there, asks what a load on
 * the given devices would take, loads, and generates a few words.
 *
 * Devices are strings, the same everywhere: "cpu", "cuda:0", "cuda:0,cpu", or the path of a plugin such as
 * ./libgrok1_mine.so. */
#include <stdio.h>

#include "grok1.h"

#define GIB (1024.0 * 1024.0 * 1024.0)

static int32_t print(void* user, const char* text, size_t size) {
  (void)user;
  return fwrite(text, 1, size, stdout) != size;
}

static void show_backends(const grok1_runtime* runtime) {
  grok1_load_entry entry = GROK1_INIT(grok1_load_entry);
  grok1_device_info device = GROK1_INIT(grok1_device_info);
  size_t i;
  for (i = 0; grok1_runtime_load_report(runtime, i, &entry) == GROK1_OK; ++i)
    printf("backend %-12s %-18s %s %s\n", entry.backend, entry.state_name, entry.path, entry.reason);
  for (i = 0; grok1_runtime_device(runtime, i, &device) == GROK1_OK; ++i)
    printf("device  %-12s %s, %.1f GiB free\n", device.name, device.description, (double)device.memory_free / GIB);
}

static grok1_status show_plan(grok1_runtime* runtime, const char* path, const grok1_model_options* options,
                              grok1_error* err) {
  grok1_plan plan = GROK1_INIT(grok1_plan);
  const grok1_status status = grok1_model_plan(runtime, path, SIZE_MAX, options, &plan, err);
  if (status >= 0 || status == GROK1_E_DOES_NOT_FIT) /* a plan that does not fit says by how much */
    printf("plan    %-12s needs %.2f GiB (weights %.2f, KV cache %.2f), has %.2f GiB\n", plan.devices,
           (double)plan.needed_in_memory / GIB, (double)plan.weight_bytes / GIB, (double)plan.kv_bytes / GIB,
           (double)plan.available / GIB);
  return status;
}

static grok1_status generate(grok1_model* model, const char* prompt, grok1_error* err) {
  grok1_generate_options options = GROK1_INIT(grok1_generate_options);
  grok1_session* session = NULL;
  grok1_status status = grok1_session_create(model, NULL, &session, err);
  options.max_tokens = 16;
  if (status >= 0) status = grok1_generate(session, prompt, SIZE_MAX, &options, print, NULL, err);
  if (status >= 0) putchar('\n');
  grok1_session_release(session);
  return status;
}

int main(int argc, char** argv) {
  grok1_error err = GROK1_INIT(grok1_error);
  grok1_model_options options = GROK1_INIT(grok1_model_options);
  grok1_runtime* runtime = NULL;
  grok1_model* model = NULL;
  grok1_status status;

  if (argc != 4) {
    fprintf(stderr, "usage: choose_backend MODEL DEVICES PROMPT\n");
    return 2;
  }
  options.devices = argv[2];
  options.context_tokens = 256;
  status = grok1_runtime_create(NULL, &runtime, &err);
  if (status >= 0) show_backends(runtime);
  if (status >= 0) status = show_plan(runtime, argv[1], &options, &err);
  if (status >= 0) status = grok1_model_load(runtime, argv[1], SIZE_MAX, &options, &model, &err);
  if (status >= 0) status = generate(model, argv[3], &err);
  if (status < 0) fprintf(stderr, "%s: %s\n", grok1_status_name(status), err.message);

  grok1_runtime_release(runtime); /* the model keeps what it needs: handles go in any order */
  grok1_model_release(model);
  return status < 0 ? 1 : 0;
}
