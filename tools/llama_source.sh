#!/bin/sh
# Prints the folder with the sources of the llama-cpp-python that requirements/run.txt pins, llama.cpp's in its
# vendor/llama.cpp; fetches them, once, into a cache folder outside the tree.
set -eu
cd "$(dirname "$0")/.."

VERSION=$(sed -n 's/^llama-cpp-python==\([0-9.]*\).*/\1/p' requirements/run.txt)
CACHE=${PONDER_BENCH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ponder-bench}
SOURCE=$CACHE/llama_cpp_python-$VERSION

if [ ! -d "$SOURCE/vendor/llama.cpp" ]; then
    mkdir -p "$CACHE"
    echo "Fetching the sources of llama-cpp-python $VERSION" >&2
    grep -A 9 "^llama-cpp-python==" requirements/run.txt | sed '/^[^l ]/,$d' >"$CACHE/llama.txt"
    .venv/bin/python -m pip download --quiet --no-deps --no-binary llama-cpp-python --no-build-isolation \
        --require-hashes --dest "$CACHE" -r "$CACHE/llama.txt" >&2
    tar -xzf "$CACHE/llama_cpp_python-$VERSION.tar.gz" -C "$CACHE"
fi

# WORKAROUND: ggml-vulkan.cpp names VK_EXT_layer_settings, which came with Vulkan's headers 1.3.272; Debian 12 has
# 1.3.239. It only turns on a validation layer, so it is left out.
# https://docs.vulkan.org/refpages/latest/refpages/source/VK_EXT_layer_settings.html
VULKAN=$SOURCE/vendor/llama.cpp/ggml/src/ggml-vulkan/ggml-vulkan.cpp
if grep -q LayerSettingEXT "$VULKAN"; then
    sed -i -e '/std::vector<vk::LayerSettingEXT> settings = {/,/vk::LayerSettingsCreateInfoEXT layer_setting_info/d' \
        -e 's/layers, extensions, &layer_setting_info);/layers, extensions);/' "$VULKAN"
fi
echo "$SOURCE"
