# Reads grok1.h (after header_text.awk) and writes a C file that defines every function of it with an empty body.
END {
  print "#include \"grok1.h\""
  header = bare(text)
  while (match(header, /GROK1_API [^;]*;/)) {
    declaration = substr(header, RSTART, RLENGTH - 1)
    header = substr(header, RSTART + RLENGTH)
    print declaration (declaration ~ /GROK1_API void GROK1_CALL/ ? " {}" : " { return 0; }")
  }
}
