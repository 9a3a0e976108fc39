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

VERSION=$(sed -n 's/^llama-cpp-python==\([0-9.]*\).*/\1/p' requirements/run.txt)
CACHE=${PONDER_BENCH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ponder-bench}
SOURCE=$CACHE/llama_cpp_python-$VERSION
BUILD=$CACHE/build-vulkan
LOG=$CACHE/build-vulkan.log

if [ ! -d "$SOURCE/vendor/llama.cpp" ]; then
    mkdir -p "$CACHE"
    echo "Fetching the sources of llama-cpp-python $VERSION" >&2
    .venv/bin/pip download --quiet --no-deps --no-binary llama-cpp-python --no-build-isolation \
        --dest "$CACHE" "llama-cpp-python==$VERSION"
    tar -xzf "$CACHE/llama_cpp_python-$VERSION.tar.gz" -C "$CACHE"
fi

# WORKAROUND: ggml-vulkan.cpp names VK_EXT_layer_settings, which came with Vulkan's headers 1.3.272; Debian 12 has
# 1.3.239. It only turns on a validation layer, so it is left out.
# https://docs.vulkan.org/refpages/latest/refpages/source/VK_EXT_layer_settings.html
sed -i -e '/std::vector<vk::LayerSettingEXT> settings = {/,/vk::LayerSettingsCreateInfoEXT layer_setting_info/d' \
    -e 's/layers, extensions, &layer_setting_info);/layers, extensions);/' \
    "$SOURCE/vendor/llama.cpp/ggml/src/ggml-vulkan/ggml-vulkan.cpp"

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
