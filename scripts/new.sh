#!/usr/bin/env bash
# new.sh KIND NAME: the one file and the one line of a new trigger, robot or provider. What it writes compiles and passes its
# test; the author then makes it do what its name says.
set -euo pipefail
cd "$(dirname "$0")/.."

kind=${1:-} name=${2:-}
case "$kind" in
  robot) folder=crates/automation/src/robots check="-p automation" ;;
  trigger) folder=crates/automation/src/triggers check="-p automation" ;;
  provider) folder=crates/channels/src/providers check="-p channels" ;;
  *)
    echo "make new KIND=robot|trigger|provider NAME=call_back" >&2
    exit 2
    ;;
esac
if ! [[ $name =~ ^[a-z][a-z0-9]*(_[a-z0-9]+)*$ ]]; then
  echo "NAME is a code like call_back: small letters, digits and single underscores" >&2
  exit 2
fi
file="$folder/$name.rs"
if [[ -e $file ]]; then
  echo "$file stands there already" >&2
  exit 1
fi

python3 - "$folder" "$name" "scripts/new/$kind.rs" <<'PY'
import pathlib, re, sys

folder, name, template = pathlib.Path(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3])
kind = "".join(word.capitalize() for word in name.split("_"))
text = re.sub(r"\bTYPE\b", kind, re.sub(r"\bNAME\b", name, template.read_text()))

list_file = folder / "mod.rs"
lines = list_file.read_text().split("\n")
# The line `mod name;` among its sisters, in the order of the alphabet.
sisters = [at for at, line in enumerate(lines) if re.fullmatch(r"(pub )?mod [a-z0-9_]+;", line)]
if not sisters:
    sys.exit(f"{list_file} declares no modules")
declaration = lines[sisters[0]].split("mod ")[0] + f"mod {name};"
place = next((at for at in sisters if lines[at] > declaration), sisters[-1] + 1)
lines.insert(place, declaration)
# The line in all(): the last one.
begin = next(at for at, line in enumerate(lines) if "fn all(" in line)
entry = f"&{name}::{kind}"
short = re.fullmatch(r"(\s*&\[.*)\]", lines[begin + 1])
if short:
    lines[begin + 1] = f"{short.group(1)}, {entry}]"
else:
    end = next(at for at in range(begin, len(lines)) if lines[at].strip() == "]")
    indent = re.match(r"\s*", lines[end]).group() + "    "
    lines.insert(end, f"{indent}{entry},")
(folder / f"{name}.rs").write_text(text)
list_file.write_text("\n".join(lines))
PY
echo "made $file and its line in $folder/mod.rs; now: cargo test $check $name"
