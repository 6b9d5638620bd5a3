/* The smallest honest program: loads a model, generates text after a prompt, prints it as it comes.
 *
 * No start, no shutdown, nothing to free but the handles, which may be released in any order. Every failure says what
 * was wanted, what was found and what to do. */
#include <stdio.h>

#include "grok1.h"

/* Called with whole UTF-8 characters. Anything but 0 ends the generation. */
static int32_t print(void* user, const char* text, size_t size) {
  (void)user;
  return fwrite(text, 1, size, stdout) != size || fflush(stdout) != 0;
}

int main(int argc, char** argv) {
  grok1_error err = GROK1_INIT(grok1_error);
  grok1_model* model = NULL;
  grok1_session* session = NULL;
  int ok = 0;

  if (argc != 3) {
    fprintf(stderr, "usage: generate MODEL PROMPT\n");
    return 2;
  }
  /* No runtime is given: the model makes one of its own. No options: the fastest plan that fits, and memory for one
   * session of the model's whole context. */
  if (grok1_model_load(NULL, argv[1], SIZE_MAX, NULL, &model, &err) >= 0 &&
      grok1_session_create(model, NULL, &session, &err) >= 0 &&
      grok1_generate(session, argv[2], SIZE_MAX, NULL, print, NULL, &err) >= 0)
    ok = putchar('\n') != EOF;
  else
    fprintf(stderr, "%s\n", err.message);

  grok1_session_release(session);
  grok1_model_release(model);
  return ok ? 0 : 1;
}
