# From the two reports of resources.sh to docs/gpu-resources.md. Exit code 1 where a decode kernel has memory for spills.
# A cell: registers of a thread, then waves that are resident on a multiprocessor at once.

function up(value, granule) { return int((value + granule - 1) / granule) * granule }
function least(a, b) { return a < b ? a : b }

# Waves of blocks of 256 threads; the sources of the numbers are named in resources.sh.
function waves(arch, registers, scalar, shared,   blocks) {
  if (arch in cuda_waves) {
    blocks = least(cuda_waves[arch] / 8, int(65536 / (up(registers * 32, 256) * 8)))
    return 8 * least(blocks, int(cuda_shared[arch] * 1024 / (shared + 1024)))
  }
  if (arch ~ /^gfx9/) {  # a wave of the block on each of four SIMDs
    blocks = least(8, least(int(512 / up(registers, 8)), int(800 / scalar)))
    return 4 * (shared == 0 ? blocks : least(blocks, int(65536 / shared)))
  }
  # Two waves of the block on each of four SIMDs.
  blocks = int(least(16, int(arch ~ /^gfx11/ ? 1536 / up(registers, 24) : 1024 / up(registers, 16))) / 2)
  return 8 * (shared == 0 ? blocks : least(blocks, int(131072 / shared)))
}
function most(arch) { return arch in cuda_waves ? cuda_waves[arch] : arch ~ /^gfx9/ ? 32 : 64 }

function decodes(name, variant) {
  return name ~ /_few|^norm_row$|^route_rows$|^quantise_rows$/ || (name == "attend_unit" && variant == "false")
}

function keep(table, row, arch, text, value) {
  if (!((table, row) in seen)) { seen[table, row] = 1; rows[table, ++n_rows[table]] = row }
  if (!((table, row, arch) in fewest) || value < fewest[table, row, arch]) {
    fewest[table, row, arch] = value
    worst[table, row, arch] = text
  }
}

BEGIN {
  split("80 64 164 86 48 100 89 48 100 90a 64 228 100 64 228 120 48 100", c, " ")
  for (i = 1; i in c; i += 3) { cuda_waves[c[i]] = c[i + 1]; cuda_shared[c[i]] = c[i + 2] }
  n_order = split("norm_row route_rows quantise_rows project_few_rows attend_unit multiply_few_rows gate_up_few down_few",
                  order, " ")
}

FILENAME == ARGV[1] {
  arch = $1
  if (!(arch in known)) { known[arch] = 1; archs[++n_archs] = arch }
  split($2, part, /[<,>]/)
  name = part[1]; encoding = part[2]; variant = part[3]
  text = $3 " · " waves(arch, $3, $4, $5)
  if (!decodes(name, variant)) {
    keep("prefill", name, arch, text, waves(arch, $3, $4, $5))
    if ($6 > 0) others = others " " $2 " on " arch " (" $6 " bytes),"
    next
  }
  if ($6 > 0) spilled = spilled " " $2 " on " arch " (" $6 " bytes),"
  if ($7 > 0) { lanes[arch]++; if ($7 > most_lanes) most_lanes = $7 }
  row = name " | " (encoding == "" ? "" : encoding)
  if (variant == "" || variant == "1" || variant == "false") {
    first[row, arch] = text
    keep("decode", row, arch, text, waves(arch, $3, $4, $5))
    small[row] = $5
  } else {
    keep("decode", row, arch, text, waves(arch, $3, $4, $5))
  }
  if ($5 > large[row]) large[row] = $5
  next
}

FNR > 1 { bytes[++n_bytes] = $0 }

function header(columns, from, to,   i, line, rule) {
  line = "|" columns; rule = columns; gsub(/[^|]+/, "---", rule); rule = "|" rule
  for (i = from; i <= to; ++i) { line = line " " archs[i] " |"; rule = rule "---|" }
  print line "\n" rule
}

function decode_table(from, to,   i, j, k, row, cell, line) {
  header(" kernel | encoding | shared memory |", from, to)
  for (k = 1; k <= n_order; ++k)
    for (j = 1; j <= n_rows["decode"]; ++j) {
      row = rows["decode", j]
      if (index(row, order[k] " ") != 1) continue
      line = "| " row " | " small[row] (large[row] > small[row] ? " to " large[row] : "") " |"
      for (i = from; i <= to; ++i) {
        cell = first[row, archs[i]]
        if (worst["decode", row, archs[i]] != cell) cell = cell " → " worst["decode", row, archs[i]]
        line = line " " cell " |"
      }
      print line
    }
}

END {
  for (n_cuda = 0; archs[n_cuda + 1] != "" && archs[n_cuda + 1] !~ /^gfx/; ++n_cuda) continue
  print "# What the GPU kernels take\n"
  print "Written by `tests/gpu/resources.sh`: reports of the compilers and counts of the emulator, no measurement of a GPU.\n"
  print "## Registers and occupancy of decode kernels\n"
  print "A cell is `registers of a thread · waves resident on a multiprocessor` for one row; behind an arrow the variant for 2,"
  print "4 or 8 rows with the fewest resident waves. Blocks have 256 threads. Shared memory is in bytes, for one row to eight."
  printf "Most waves:"
  for (i = 1; i <= n_archs; ++i) printf " %s: %d%s", archs[i], most(archs[i]), i < n_archs ? "," : ".\n\n"
  print "Memory for spills or a stack: " (spilled == "" ? "none, in any variant." : substr(spilled, 2, length(spilled) - 2) ".")
  for (i = 1; i <= n_archs; ++i) if (archs[i] in lanes) kept = kept " " lanes[archs[i]] " kernels on " archs[i] ","
  if (kept != "") {
    print "Scalar registers kept in lanes of a vector register, which touches no memory:" kept
    print "at most " most_lanes " in one."
  }
  print ""
  if (n_cuda > 0) { decode_table(1, n_cuda); print "" }
  if (n_archs > n_cuda) { decode_table(n_cuda + 1, n_archs); print "" }
  print "## Other kernels\n"
  print "The same for the encoding with the fewest resident waves. Spills: " \
        (others == "" ? "none." : substr(others, 2, length(others) - 2) ".") "\n"
  header(" kernel |", 1, n_archs)
  for (j = 1; j <= n_rows["prefill"]; ++j) {
    line = "| " rows["prefill", j] " |"
    for (i = 1; i <= n_archs; ++i) line = line " " worst["prefill", rows["prefill", j], archs[i]] " |"
    print line
  }
  print "\n## Bytes of a decode step\n"
  print "One token at Grok-1's widths and position 8191: one layer in I8 with a BF16 cache, and the head in BF16. `moved` are the"
  print "distinct sectors of 32 bytes that a launch reads or writes, in an otherwise perfect cache; `demanded` are the weights of"
  print "what the token uses with their scales, K and V, inputs and outputs, each once. Attention's partial sums, which its blocks"
  print "of 256 positions leave for the last, count as outputs: 2.4 % of a BF16 cache's bytes. Both launches of norm_row are in one"
  print "line.\n"
  print "| part | kernel | moved | demanded | ratio |\n|---|---|---|---|---|"
  for (i = 1; i <= n_bytes; ++i) {
    split(bytes[i], b, "\t")
    print "| " b[1] " | " b[2] " | " b[5] " | " b[6] " | " b[7] " |"
  }
  exit spilled == "" ? 0 : 1
}
