#!/bin/sh
# Proves that Ponder finds and uses a device that is not the processor, on a computer without a graphics card:
# builds llama.cpp with Vulkan, once, into a cache folder outside the tree, and runs it on Mesa's software
# device: `make vulkan-proof`. Needs the Debian packages named below.
set -eu
cd "$(dirname "$0")/.."

PACKAGES="cmake g++ libvulkan-dev glslc spirv-headers mesa-vulkan-drivers"
for package in $PACKAGES; do
    if ! dpkg -s "$package" >/dev/null 2>&1; then
        echo "This needs Debian's $PACKAGES; $package is not installed." >&2
        exit 1
    fi
done

SOURCE=$(tools/llama_source.sh)
CACHE=$(dirname "$SOURCE")
BUILD=$CACHE/build-vulkan
LOG=$CACHE/build-vulkan.log

if [ ! -e "$BUILD/bin/libllama.so" ] || [ ! -e "$BUILD/bin/libggml-vulkan.so" ]; then
    echo "Building llama.cpp with Vulkan (about 10 minutes on two cores, once)" >&2
    cmake -S "$SOURCE/vendor/llama.cpp" -B "$BUILD" -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=ON \
        -DGGML_VULKAN=ON -DLLAMA_CURL=OFF -DLLAMA_OPENSSL=OFF -DLLAMA_BUILD_TESTS=OFF \
        -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_TOOLS=OFF -DLLAMA_BUILD_SERVER=OFF -DLLAMA_BUILD_COMMON=OFF \
        -DLLAMA_BUILD_UI=OFF >"$LOG" 2>&1
    nice -n 19 cmake --build "$BUILD" --target llama --parallel "${PONDER_BUILD_JOBS:-1}" >>"$LOG" 2>&1
fi

# llama.cpp leaves software devices out unless they are named.
export LLAMA_CPP_LIB_PATH="$BUILD/bin" GGML_VK_VISIBLE_DEVICES=0
exec .venv/bin/python -m tools.vulkan_proof "$@"
