/* A library that is there when a plugin is linked and not when it is loaded. */
__attribute__((visibility("default"))) int zoo_absent(void);
int zoo_absent(void) {
  return 0;
}
