#!/usr/bin/env bash
# Unpacks what the torch engine needs on the CPU out of PyTorch's wheels, and prints the folder: the library with its
# neighbours and the two small CUDA libraries that it is linked to, 442 MB. `pip install torch` would bring 5.4 GB.
#
#   PUSHPULL_TORCH=$(.ci/torch.sh) npm test
#
# Kept in ~/.cache/pushpull-ci (or XDG_CACHE_HOME), so that it is fetched once. Needs Python with pip, on Linux or macOS.
set -euo pipefail

version=2.15.0
# As cuda-toolkit 13.2.2 has them, which this version of torch asks for.
cuda=13.2.86
cache=${XDG_CACHE_HOME:-$HOME/.cache}/pushpull-ci
folder=$cache/torch-$version

wheels=("torch==$version")
suffix=dylib
if [ "$(uname)" = Linux ]; then
  wheels+=("nvidia-cuda-runtime==$cuda" "nvidia-cuda-cupti==$cuda")
  suffix=so
fi

# Whole is what loads.
whole() {
  python3 -c 'import ctypes, sys; ctypes.CDLL(sys.argv[1], ctypes.RTLD_GLOBAL)' "$1/torch/lib/libtorch_cpu.$suffix"
}

if ! whole "$folder" 2> /dev/null; then
  rm -rf "$folder"
  mkdir -p "$cache"
  new=$(mktemp -d "$cache/new.XXXXXX")
  trap 'rm -rf "$new"' EXIT
  echo "fetching PyTorch $version for the CPU" >&2
  # No Python is run from the wheel, so one for any Python serves.
  python3 -m pip download --quiet --no-cache-dir --no-deps --only-binary=:all: --python-version 3.11 \
    --dest "$new/wheels" "${wheels[@]}" >&2
  python3 - "$new" << 'PYTHON'
import pathlib, re, sys, zipfile

new = pathlib.Path(sys.argv[1])
for wheel in (new / "wheels").glob("*.whl"):
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            torch = re.match(r"torch/(version\.py|lib/[^/]*\.(so|dylib)[.\d]*)$", name)
            unused = re.search(r"cuda|nvrtc|nvshmem|python", name)
            if torch and not unused or re.search(r"/lib(cudart|cupti)\.so[.\d]*$", name):
                archive.extract(name, new / "torch")
PYTHON
  whole "$new/torch"
  # Another run may have been faster.
  mv "$new/torch" "$folder" 2> /dev/null || whole "$folder"
fi
echo "$folder"
