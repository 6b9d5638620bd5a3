// sparse_grok1 FOLDER: writes the release's ckpt-0 of 318 GB there, true headers and holes for payloads.
#include "tests/unit/formats/sparse_grok1.h"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  grok1::test::write_sparse_grok1(argv[1]);
  return 0;
}
