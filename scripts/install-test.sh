#!/usr/bin/env bash
# The package as a user installs it: packed, put into an empty project where onnxruntime-node's download is refused,
# the guide's examples compiled under strict NodeNext and run. `.ci/run` calls it; with --all it also tries the native library,
# Node 22 and 24, pnpm, an installation from git, and the clone without development packages. Wants a built dist (npm ci).
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Where the install script looks for a proxy of its own: nothing listens there.
export GLOBAL_AGENT_HTTP_PROXY=http://127.0.0.1:9 GLOBAL_AGENT_HTTPS_PROXY=http://127.0.0.1:9
export PUSHPULL_CACHE=$work/cache NO_COLOR=1
unset PUSHPULL_ONNXRUNTIME ONNXRUNTIME_NODE_INSTALL

step() { printf -- '-- %s (%ss)\n' "$1" "$SECONDS"; }
fail() { printf 'install test: %s\n' "$1" >&2; exit 1; }

# npm 11 lists packages with install scripts that a project has not reviewed; nothing else may be warned of.
no_warnings() { # FILE
  if grep -i 'warn' "$1" | grep -v 'warn install-scripts'; then fail "the installation warns"; fi
}

project() { # NAME
  mkdir -p "$work/$1"
  cd "$work/$1"
  printf '{ "name": "%s", "private": true, "type": "module" }\n' "$1" > package.json
}

# The guide's examples, numbered in their order.
examples() {
  node -e '
    const fs = require("node:fs");
    const blocks = [...fs.readFileSync(process.argv[1], "utf8").matchAll(/```ts\n([^]*?)```/g)];
    blocks.forEach(([, text], i) => fs.writeFileSync(`example${i + 1}.ts`, text));
  ' "$root/docs/guide/library.md"
}

step 'pack'
(cd "$root" && node scripts/wasm.mjs && npm pack --silent --ignore-scripts --pack-destination "$work" > /dev/null)
tarball=$(ls "$work"/pushpull-*.tgz)

step 'install in an empty project, the download refused'
project app
npm install --no-audit --no-fund --prefer-offline "$tarball" > log 2>&1 || { cat log; fail 'npm install failed'; }
no_warnings log
printf '%s packages, %s MB, of which onnxruntime-node %s MB\n' \
  "$(npm ls --all --parseable 2> /dev/null | tail -n +2 | sort -u | wc -l)" "$(du -sm node_modules | cut -f1)" \
  "$(du -sm node_modules/onnxruntime-node 2> /dev/null | cut -f1 || echo 0)"

step "compile the guide's examples"
examples
mkdir -p node_modules/@types
ln -s "$root/node_modules/@types/node" node_modules/@types/node
ln -s "$root/node_modules/undici-types" node_modules/undici-types
node "$root/node_modules/typescript/bin/tsc" --strict --module nodenext --target es2023 --types node --skipLibCheck false example*.ts

step 'run them'
for example in example?.js; do
  node "$example" > out 2> errors || { cat errors; fail "$example failed"; }
  if grep -v '^note: ONNX Runtime computes in WebAssembly' errors; then fail "$example prints to standard error"; fi
  test -s out || fail "$example prints nothing"
done

step 'without sharp and resvg'
rm -rf node_modules/@img node_modules/@resvg/resvg-js-*
npx pushpull --version > /dev/null
node --input-type=module -e 'await import("pushpull-net")'
npx pushpull doctor > doctor.txt || { cat doctor.txt; fail 'doctor is not content with the CPU'; }
grep -q 'pictures.*sharp: expected its library' doctor.txt || fail 'doctor does not say that sharp is missing'

step 'fewer open files than there are modules'
status=0
(ulimit -n 96; node node_modules/pushpull-net/dist/cli/main.js doctor) > out 2>&1 || status=$?
if [ "$status" != 2 ] || [ "$(wc -l < out)" != 1 ] || ! grep -q '^error: .*ulimit -n' out; then
  cat out
  fail "expected one line that tells of ulimit -n, and status 2; found status $status"
fi

[ "${1:-}" = --all ] || { step 'done'; exit 0; }

step 'the native library: the script told to fetch nothing'
project native
ONNXRUNTIME_NODE_INSTALL=skip npm install --no-audit --no-fund --prefer-offline "$tarball" > log 2>&1
no_warnings log
npx pushpull doctor | grep 'onnxruntime .*knows the providers cpu' || fail 'the native library is not used'

for version in 22 24; do
  step "Node $version"
  project "node$version"
  npm install --no-audit --no-fund --prefer-offline "$tarball" "node@$version" > log 2>&1
  node_modules/.bin/node --version
  node_modules/.bin/node node_modules/pushpull-net/dist/cli/main.js demo --quick --out demo > out 2>&1 || { cat out; fail "the demo fails on Node $version"; }
done

step 'pnpm'
project pnpm
npx --yes pnpm add "$tarball" > log 2>&1 || { cat log; fail 'pnpm add failed'; }
./node_modules/.bin/pushpull doctor

step 'from git'
project git
npm install --no-audit --no-fund --prefer-offline "git+file://$root" > log 2>&1 || { cat log; fail 'installing from git failed'; }
npx pushpull --version

step 'the clone without development packages'
git clone -q "$root" "$work/clone"
cd "$work/clone"
cp -r "$root/dist" .
npm ci --omit=dev --prefer-offline > log 2>&1 || { cat log; fail 'npm ci --omit=dev failed'; }
if grep -i warn log; then fail 'npm ci warns'; fi
node dist/cli/main.js --version
step 'done'
