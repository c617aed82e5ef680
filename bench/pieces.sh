#!/bin/sh
# What the rules for pieces save: bytes kept in a store of what is put into it version by version, cut
# every 8 MiB and cut by content. lib/content/README.md has the table.
#
#   bench/pieces.sh PATH-TO-SPIND    needs network for apt-get download, python3, e2fsprogs; 4 GB in TMPDIR
set -eu
spind=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

unpacked() { # a package's files as one uncompressed archive
  apt-get -q download "$1" > /dev/null
  dpkg-deb --fsys-tarfile ./"${1%%=*}"_*.deb > "$2"
  rm -f ./*.deb
}

packages() {
  unpacked libreoffice-core=4:7.4.7-1+deb12u13 office.1
  unpacked libreoffice-core=4:7.4.7-1+deb12u14 office.2
  unpacked linux-image-6.1.0-53-amd64-unsigned linux.1
  unpacked linux-image-6.1.0-54-amd64-unsigned linux.2
}

log() { # five states of a log that grows and, at the last, lost its first tenth
  python3 - <<'END'
import random
random.seed(1)
line = lambda t: f"{t} {random.choice(('GET','PUT','PROPFIND'))} /dav/{random.getrandbits(64):x} {random.randrange(200, 505)} {random.randrange(10**6)}\n"
text = "".join(line(t) for t in range(1_000_000))
for i in range(1, 5): open(f"log.{i}", "w").write(text[:len(text) * (i + 1) // 5])
open("log.5", "w").write(text[len(text) // 10:])
END
}

presentation() { # three states of a presentation with 8 pictures, of which only the text is edited
  python3 - <<'END'
import random, zipfile
random.seed(2)
pictures = [random.randbytes(3_000_000) for _ in range(8)]
for i in range(1, 4):
    with zipfile.ZipFile(f"slides.{i}", "w") as out:
        out.writestr("mimetype", "application/vnd.oasis.opendocument.presentation")
        text = "".join(f"<p>{random.getrandbits(40):x}</p>" for _ in range(2000 + i))
        out.writestr("content.xml", text, zipfile.ZIP_DEFLATED)
        for n, picture in enumerate(pictures): out.writestr(f"Pictures/{n}.jpg", picture)
END
}

image() { # a disk image, and the same after files in it were replaced
  truncate -s 512M disk.1
  mkdir tree && tar -xf office.1 -C tree 2> /dev/null
  /sbin/mke2fs -q -t ext4 -d tree disk.1
  cp --sparse=always disk.1 disk.2
  for i in 1 2 3 4 5; do
    head -c 3000000 /dev/urandom > new
    /sbin/debugfs -w -R "write new new.$i" disk.2 > /dev/null 2>&1
  done
  rm -rf tree new
}

kept() { # bytes that a store keeps of those files
  rule=$1
  shift
  rm -rf store
  "$spind" init --store store > /dev/null
  "$spind" space create s --pieces "$rule" --store store > /dev/null
  for file; do "$spind" put "$file" "s:/$file" --store store > /dev/null; done
  du -sb store/objects store/packs 2> /dev/null | awk '{ sum += $1 } END { print sum }'
}

row() {
  name=$1
  shift
  put=$(cat "$@" | wc -c)
  one=$(kept fixed "$1")
  fixed=$(kept fixed "$@")
  content=$(kept content "$@")
  awk -v n="$name" -v p="$put" -v o="$one" -v f="$fixed" -v c="$content" 'BEGIN {
    m = 1048576; printf "| %s | %.0f | %.0f | %.0f | %.0f |\n", n, p / m, o / m, f / m, c / m }'
}

packages
log
presentation
image
echo "| data | put, MiB | kept of its first version | of all, fixed | of all, content |"
echo "|---|--:|--:|--:|--:|"
row "libreoffice-core, 2 versions, unpacked" office.1 office.2
row "linux-image-6.1, 2 versions, unpacked" linux.1 linux.2
row "a log, 5 states" log.1 log.2 log.3 log.4 log.5
row "a presentation with pictures, 3 states" slides.1 slides.2 slides.3
row "a disk image of ext4, 2 states" disk.1 disk.2
