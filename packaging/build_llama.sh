#!/bin/sh
# Builds llama.cpp for packages, outside the tree, once for each version: portable from plain x86-64 on, the
# backends as modules that are chosen when the engine starts. Prints the folder with the libraries.
#
#     packaging/build_llama.sh            the processor's variants and Vulkan
#     PONDER_VULKAN=0 packaging/build_llama.sh    without Vulkan
#
# Needs Debian's cmake ninja-build g++ and, for Vulkan, libvulkan-dev glslc spirv-headers.
set -eu
cd "$(dirname "$0")/.."

SOURCE=$(tools/llama_source.sh)
CACHE=$(dirname "$SOURCE")
VERSION=${SOURCE##*-}
WITH_VULKAN=${PONDER_VULKAN:-1}
BUILD=$CACHE/build-package-$VERSION
LIBRARIES=$CACHE/package-libraries-$VERSION
LOG=$BUILD.log
LLAMA=$SOURCE/vendor/llama.cpp

commit=$(sed -n "/^## \[$VERSION\]/,/^## /s/.*llama.cpp@\([0-9a-f]*\).*/\1/p" "$SOURCE/CHANGELOG.md" | head -n 1)
if ! grep -q "LLAMA_CPP_COMMIT = \"$commit\"" app/version.py || ! grep -q "LLAMA_BINDINGS = \"$VERSION\"" app/version.py; then
    echo "app/version.py names another llama.cpp than llama-cpp-python $VERSION has inside: $commit" >&2
    exit 1
fi

is_built() {
    [ -e "$LIBRARIES/libllama.so" ] || return 1
    [ "$WITH_VULKAN" = 0 ] || [ -e "$LIBRARIES/libggml-vulkan.so" ]
}

if is_built; then
    echo "$LIBRARIES"
    exit
fi

# No path of the building computer goes into the libraries. RPATH, not RUNPATH: a library of the same name on
# LD_LIBRARY_PATH would come before RUNPATH.
MAP="-ffile-prefix-map=$LLAMA=llama.cpp -ffile-prefix-map=$BUILD=build"
LINK="-Wl,--disable-new-dtags -Wl,-z,relro,-z,now -Wl,--build-id=none -s"
vulkan=ON
[ "$WITH_VULKAN" != 0 ] || vulkan=OFF

echo "Building llama.cpp $VERSION for packages (half an hour on two cores, once; what is said is in $LOG)" >&2
mkdir -p "$BUILD"
cmake -S "$LLAMA" -B "$BUILD" -G Ninja -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=ON \
    -DGGML_NATIVE=OFF -DGGML_BACKEND_DL=ON -DGGML_CPU_ALL_VARIANTS=ON -DGGML_VULKAN=$vulkan \
    -DLLAMA_CURL=OFF -DLLAMA_OPENSSL=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF \
    -DLLAMA_BUILD_TOOLS=OFF -DLLAMA_BUILD_SERVER=OFF -DLLAMA_BUILD_COMMON=OFF -DLLAMA_BUILD_UI=OFF \
    -DCMAKE_BUILD_WITH_INSTALL_RPATH=ON -DCMAKE_INSTALL_RPATH='$ORIGIN' \
    -DCMAKE_C_FLAGS="$MAP" -DCMAKE_CXX_FLAGS="$MAP" \
    -DCMAKE_SHARED_LINKER_FLAGS="$LINK" -DCMAKE_MODULE_LINKER_FLAGS="$LINK" >"$LOG" 2>&1
nice -n 15 cmake --build "$BUILD" --target llama --parallel "${PONDER_BUILD_JOBS:-2}" >>"$LOG" 2>&1

# One file for each library, under the name that asks for it: the modules and libllama by ours, what libllama
# is linked to by its soname.
rm -rf "$LIBRARIES.part"
mkdir -p "$LIBRARIES.part"
cp -L "$BUILD"/bin/libllama.so "$LIBRARIES.part/libllama.so"
for name in libggml libggml-base; do
    cp -L "$BUILD/bin/$name.so.0" "$LIBRARIES.part/$name.so.0"
done
for module in "$BUILD"/bin/libggml-cpu-*.so "$BUILD"/bin/libggml-vulkan.so; do
    [ ! -e "$module" ] || cp -L "$module" "$LIBRARIES.part/"
done
cp -L "$(c++ -print-file-name=libgomp.so.1)" "$LIBRARIES.part/libgomp.so.1"
chmod 644 "$LIBRARIES.part"/*
rm -rf "$LIBRARIES"
mv "$LIBRARIES.part" "$LIBRARIES"
echo "$LIBRARIES"
