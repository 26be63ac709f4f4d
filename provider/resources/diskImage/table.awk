# Bytes of the first 64 KiB of a disk, as `od -An -v -tu1` prints them: how far its partitions reach, or what is wrong with it as an image.
{ for (i = 1; i <= NF; i++) b[n++] = $i }
function number(at, length_,    value, i) { for (i = length_ - 1; i >= 0; i--) value = value * 256 + b[at + i]; return value }
function fault(words) { if (!wrong) wrong = words }
function partition(number_, from, to) {
  if (from < 1048576 && to > 1040384) fault("partition " number_ " covers the last 8 KiB of the first MiB, which cloning needs for its own use: let it begin at 1 MiB")
  if (to > end) end = to
}
END {
  if (n < 512 || b[510] != 85 || b[511] != 170) fault("it has no partition table (bytes 510 and 511 are not 55 AA): an image of a whole disk is wanted")
  for (at = 446; at < 510 && !wrong; at += 16) {
    if (b[at] != 0 && b[at] != 128) fault("it has no partition table: it may be the image of a single partition, and one of a whole disk is wanted")
    else if (b[at + 4] == 238) gpt = 1
    else if (b[at + 4]) partition((at - 446) / 16 + 1, number(at + 8, 4) * 512, (number(at + 8, 4) + number(at + 12, 4)) * 512)
  }
  for (sector = 512; gpt && sector <= 4096 && !wrong; sector *= 8) {
    if (number(sector, 4) != 541673029 || number(sector + 4, 4) != 1414676816) continue # "EFI PART"
    first = number(sector + 72, 8) * sector; count = number(sector + 80, 4); bytes = number(sector + 84, 4)
    if (bytes < 128 || first + count * bytes > n) { fault("its partition table is where nobody puts one"); break }
    for (i = 0; i < count; i++) {
      at = first + i * bytes
      if (number(at, 8) || number(at + 8, 8)) partition(i + 1, number(at + 32, 8) * sector, (number(at + 40, 8) + 1) * sector)
    }
    found = 1
  }
  if (gpt && !found) fault("its GPT has no header")
  if (wrong) print "fault " wrong; else printf "end %.0f\n", end
}
