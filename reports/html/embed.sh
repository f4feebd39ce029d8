#!/bin/sh
# embed.sh NAME FILE... - prints the files, one after the other, as C: their bytes, and the hash by which a content
# security policy knows them. Indentation, empty lines and lines that are a comment stay behind.
set -eu

name=$1
shift
lines() { sed -e 's/^ *//' -e '/^\/\*.*\*\/$/d' -e '/^$/d' "$@"; }
hash=$(lines "$@" | { sha256sum 2>/dev/null || shasum -a 256; } | awk '{
    digits = substr($1, 1, 64) "0"                  # 256 bits and 4 of padding: 65 digits, 43 characters of 6 bits
    for (i = 1; i <= 65; i++) value = value bits(index("0123456789abcdef", substr(digits, i, 1)) - 1)
    for (i = 1; i < 258; i += 6) {
        for (k = six = 0; k < 6; k++) six = six * 2 + substr(value, i + k, 1)
        text = text substr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", six + 1, 1)
    }
    print text "="
}
function bits(digit, b, k) { for (k = 8; k >= 1; k /= 2) b = b (int(digit / k) % 2); return b }')
[ ${#hash} -eq 44 ] || { echo "embed.sh: no sha256sum and no shasum that works" >&2; exit 1; }

printf '#include "reports/html/assets.h"\n\nstatic const unsigned char bytes[] = {\n'
lines "$@" | od -An -v -tu1 | sed 's/[0-9][0-9]*/&,/g'
printf '};\n\nconst struct baton_html_asset baton_html_%s = { bytes, sizeof bytes, "sha256-%s" };\n' "$name" "$hash"
