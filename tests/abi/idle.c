/* A program that links libgrok1.so and does nothing, and can say what state that left the process in. Everything it
 * prints is the process's own; idle_test.sh knows what it must be. */
#include <dirent.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "grok1.h"

extern char** environ;

/* Taken so that the linker keeps the library; never called. */
const char* (*volatile library)(void) = grok1_version_text;

static int count_entries(const char* path) {
  int n = 0;
  DIR* folder = opendir(path);
  const struct dirent* entry;
  while (folder != NULL && (entry = readdir(folder)) != NULL) n += entry->d_name[0] != '.';
  if (folder != NULL) closedir(folder);
  return n;
}

int main(int argc, char** argv) {
  int handlers = 0, i;
  char** variable;
  if (argc < 2 || strcmp(argv[1], "report") != 0) return 0;
  for (i = 1; i < 65; ++i) {
    struct sigaction action;
    handlers += sigaction(i, NULL, &action) == 0 && action.sa_handler != SIG_DFL;
  }
  printf("threads %d\n", count_entries("/proc/self/task"));
  printf("descriptors %d\n", count_entries("/proc/self/fd") - 1); /* without the one that reads the folder */
  printf("signal handlers %d\n", handlers);
  printf("locale %s\n", setlocale(LC_ALL, NULL));
  for (variable = environ; *variable != NULL; ++variable) printf("environment %s\n", *variable);
  return 0;
}
